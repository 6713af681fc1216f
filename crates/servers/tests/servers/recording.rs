//! Requests kept for a validator that is not ours: `tests/mcp/vendors.py` sends them to a mock made of the vendor's document.

use std::io::Write;

use serde_json::{Value, json};

/// The environment variable that names the folder for them.
const FOLDER: &str = "DESKBELL_RECORDED";

/// A request as it was sent.
pub struct Sent<'r> {
    pub method: &'r str,
    pub path: &'r str,
    pub query: &'r [(String, String)],
    pub body: &'r Value,
}

/// Writes a vendor's requests, one a line, if anybody wants them.
pub fn keep<'r>(vendor: &str, requests: impl Iterator<Item = Sent<'r>>) {
    let Some(folder) = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()) else { return };
    let path = std::path::Path::new(&folder).join(format!("{vendor}.jsonl"));
    let mut file = std::fs::File::create(path).unwrap();
    for Sent { method, path, query, body } in requests {
        writeln!(file, "{}", json!({ "method": method, "path": path, "query": query, "body": body })).unwrap();
    }
}
