//! Writes a marker after each answer, and after each word that a call is about to leave, for `durability.py` to find in the trace
//! of system calls: see there.

use std::fs::OpenOptions;
use std::io::Write;

use super::fixture::{Fixture, at, claim, record};

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
    for job in claim(&fixture.store, 0, 10).await {
        fixture.store.about_to_send(&job.id, job.fence, at(60)).await.unwrap();
        answered.write_all(b"x").unwrap();
    }
}
