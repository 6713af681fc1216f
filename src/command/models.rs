//! `deskbell models`: the sentence encoder's files.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::arguments::ModelsCommand;
use super::{Failure, output};
use crate::config::Config;
use crate::models::{self, MINILM, ModelError, Progress, State};

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::failed(error.to_string())
    }
}

/// Runs the subcommand.
pub(super) async fn run(config: &Path, command: &ModelsCommand) -> Result<(), Failure> {
    match command {
        ModelsCommand::Pull { from, to } => {
            let into = target(config, to.as_deref())?;
            let mut bar = Bar::default();
            let url = from.as_deref().unwrap_or(MINILM.url);
            let place = models::pull(&MINILM, url, &into, &mut |progress| bar.show(progress)).await;
            bar.end();
            say_in_place(&place?);
            Ok(())
        }
        ModelsCommand::Import { from, to } => {
            let into = target(config, to.as_deref())?;
            let mut bar = Bar::default();
            let place = models::import(&MINILM, from, &into, &mut |progress| bar.show(progress));
            bar.end();
            say_in_place(&place?);
            Ok(())
        }
        ModelsCommand::List { json } => list(config, *json),
    }
}

fn say_in_place(place: &Path) {
    output::say(&format!(
        "{} is in {}, to the byte; Deskbell uses it from its next start",
        MINILM.name,
        place.display()
    ));
}

/// Where a model goes: where it is told to, else beside the data of the configured Deskbell, else where all of the user's find it.
fn target(config: &Path, told: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(told) = told {
        return Ok(told.to_owned());
    }
    let of_user = || models::shared_folder().ok_or(ModelError::NoHome);
    if config.exists() && std::env::var_os(models::FOLDER_VARIABLE).is_none() {
        return Ok(Config::load(config)?.data_folder().join("models"));
    }
    Ok(of_user()?)
}

fn list(config: &Path, as_json: bool) -> Result<(), Failure> {
    let configured = if config.exists() { Some(Config::load(config)?) } else { None };
    let named =
        configured.as_ref().and_then(|config| config.assessor.encoder.as_ref().map(|folder| config.path(folder)));
    let data = configured.as_ref().map(Config::data_folder);
    let beside = models::folders(data.as_deref()).into_iter().map(|folder| folder.join(MINILM.name));
    let looked: Vec<(PathBuf, State)> = named
        .into_iter()
        .chain(beside)
        .map(|folder| {
            let state = models::check(&MINILM, &folder);
            (folder, state)
        })
        .collect();
    let used = looked.iter().position(|(_, state)| *state != State::Absent);
    if as_json {
        let folders: Vec<_> =
            looked.iter().map(|(folder, state)| json!({ "folder": folder, "state": word(state) })).collect();
        output::say_json(
            &json!({ "model": MINILM.name, "used": used.and_then(|at| looked.get(at)).map(|(folder, _)| folder), "folders": folders }),
        );
    } else {
        for (at, (folder, state)) in looked.iter().enumerate() {
            let mark = if used == Some(at) { "*" } else { " " };
            output::say(&format!("{mark} {}  {}: {}", MINILM.name, folder.display(), word(state)));
        }
        if used.is_none() {
            output::say("not here: requests are compared by their words alone; `deskbell models pull` gets it (91 MB)");
        }
    }
    let damaged = looked.iter().any(|(_, state)| matches!(state, State::Damaged { .. }));
    if damaged {
        Err(Failure::failed("a model is damaged: `deskbell models pull` or `import` puts it right"))
    } else {
        Ok(())
    }
}

fn word(state: &State) -> String {
    match state {
        State::Absent => "not here".to_owned(),
        State::InOrder => "in order".to_owned(),
        State::Damaged { what } => format!("damaged: {what}"),
    }
}

/// How far it is, on standard error: a line that moves where somebody watches, else a line each tenth.
#[derive(Default)]
struct Bar {
    shown: Option<(&'static str, u64)>,
    moves: bool,
}

impl Bar {
    #[allow(clippy::print_stderr)]
    fn show(&mut self, progress: Progress) {
        let percent = progress.done.saturating_mul(100) / progress.total.max(1);
        let step = if std::io::stderr().is_terminal() { 1 } else { 10 };
        let now = (progress.file, percent / step);
        if self.shown == Some(now) {
            return;
        }
        self.shown = Some(now);
        let megabytes = |bytes: u64| bytes / 1_000_000;
        let line =
            format!("{} {percent} % ({} of {} MB)", progress.file, megabytes(progress.done), megabytes(progress.total));
        if step == 1 {
            self.moves = true;
            eprint!("\r{line}\u{1b}[K");
            // Where nobody can write, nobody watches.
            drop(std::io::stderr().flush());
        } else {
            eprintln!("{line}");
        }
    }

    #[allow(clippy::print_stderr)]
    fn end(&self) {
        if self.moves {
            eprintln!();
        }
    }
}
