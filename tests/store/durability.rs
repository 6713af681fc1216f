//! Writes a marker after each answer, for `durability.py` to find in the trace of system calls: see there.

use std::fs::OpenOptions;
use std::io::Write;

use super::fixture::{Fixture, record};

#[ignore = "run by durability.py under strace"]
#[tokio::test]
async fn marks_each_answer() {
    let fixture = Fixture::new();
    let path = fixture.folder.path().join("answered");
    let mut answered = OpenOptions::new().create(true).append(true).open(path).unwrap();
    for number in 0..50 {
        record(&fixture.store, &format!("Ev{number}")).await;
        answered.write_all(b"x").unwrap();
    }
}
