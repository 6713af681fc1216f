//! Renders every sample of every template into a folder, one `<name>.<case>.json` each, for checkers written by others:
//! `cargo run -p deskbell-block-kit --example render_samples -- OUT_DIR`

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use deskbell_block_kit::templates::{Templates, samples};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("name the folder to write to")?);
    fs::create_dir_all(&folder)?;
    let templates = Templates::load(None)?;
    for name in templates.names() {
        for sample in samples(&name)? {
            let rendered = templates.render(&name, &sample.context)?;
            fs::write(folder.join(format!("{name}.{}.json", sample.case)), serde_json::to_string_pretty(&rendered)?)?;
        }
    }
    Ok(())
}
