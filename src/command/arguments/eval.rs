//! `deskbell eval`, as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `deskbell eval`.
#[derive(Debug, Subcommand)]
pub enum EvalCommand {
    /// Train the local assessor's classifier on one file and measure it on another
    #[command(
        after_help = "Files are CSV with a header, or a JSON object a line (.jsonl). Thresholds are chosen on rows held out of --train. The\nfigures' names are in docs/JUDGEMENT.md.\n\nWith --llm the model is asked as it is for a ticket: the categories are the labels of --train with three examples each, personal\ndetails are taken out, and [llm]'s budgets hold. What its certainty is worth is fitted on one half of the rows and measured on the other.\n\nExamples:\n  deskbell eval classify --train train.csv --test test.csv\n  deskbell eval classify --train train.csv --test test.csv --model models/all-MiniLM-L6-v2 --oos oos --json\n  deskbell eval classify --train train.csv --test test.csv --model models/all-MiniLM-L6-v2 --shots 0\n  deskbell eval classify --train train.csv --test test.csv --llm deskbell.toml --limit 100"
    )]
    Classify(EvalClassifyArguments),
    /// Search a corpus in BEIR's form and measure what is found
    #[command(
        after_help = "Example:\n  deskbell eval retrieve --corpus corpus.jsonl --queries queries.jsonl --qrels qrels/test.tsv --json"
    )]
    Retrieve(EvalRetrieveArguments),
    /// Find each ticket's known duplicates among all tickets and measure what is found and shown
    #[command(
        after_help = "--pairs has two columns of ids: a ticket and one that is a duplicate of it.\n\nExample:\n  deskbell eval duplicates --items bugs.csv --id \"Issue id\" --text Summary,Description --pairs duplicates.csv --json"
    )]
    Duplicates(EvalDuplicatesArguments),
    /// Tell the language of labelled texts and measure how often it is right
    #[command(
        after_help = "The label is an ISO 639-1 code, such as de.\n\nExample:\n  deskbell eval language --test sentences.csv --characters 30"
    )]
    Language(EvalLanguageArguments),
    /// Read the urgency of labelled texts and measure how often it is right
    #[command(
        after_help = "The label is low, normal, high or critical.\n\nExample:\n  deskbell eval urgency --test tickets.jsonl"
    )]
    Urgency(EvalUrgencyArguments),
    /// Tell whether labelled messages ask for anything and measure how often that is right
    #[command(after_help = "The label is true or false.\n\nExample:\n  deskbell eval request --test messages.jsonl")]
    Request(EvalIntentArguments),
    /// Tell whether knowledge answers labelled requests or a person must and measure how often that is right
    #[command(
        after_help = "The label is answerable or needs_person; rows without one are left out.\n\nExample:\n  deskbell eval complexity --test messages.jsonl"
    )]
    Complexity(EvalIntentArguments),
    /// Answer questions from a folder of documents and measure whether the answers stand in the right ones
    #[command(
        after_help = "The documents are Markdown; an answer is the best passages, compressed, with their documents cited. Questions may hold\n\"answer\": the words that a good answer has.\n\nExample:\n  deskbell eval answers --corpus pages --queries queries.jsonl --qrels qrels.tsv --json"
    )]
    Answers(EvalAnswersArguments),
}

/// `deskbell eval classify`.
#[derive(Debug, Args)]
pub struct EvalClassifyArguments {
    /// Rows to learn from.
    #[arg(long, value_name = "FILE")]
    pub train: PathBuf,
    /// Rows to measure on.
    #[arg(long, value_name = "FILE")]
    pub test: PathBuf,
    /// The column of the text; `text` and a few more are known.
    #[arg(long, value_name = "COLUMN")]
    pub text: Option<String>,
    /// The column of the label; `label`, `category`, `intent` are known.
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// The label of texts that belong nowhere: told apart, not learned as a label.
    #[arg(long, value_name = "LABEL")]
    pub oos: Option<String>,
    /// Learn from the first N rows of each label only; 0 learns from the labels' names.
    #[arg(long, value_name = "N")]
    pub shots: Option<usize>,
    /// Draw reliability.svg and coverage.svg into this folder.
    #[arg(long, value_name = "FOLDER")]
    pub plots: Option<PathBuf>,
    /// A folder with model.safetensors and vocab.txt of all-MiniLM-L6-v2; without it the words speak alone.
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,
    /// Ask the language model of this configuration ([llm]) instead; it costs what the model charges.
    #[arg(long, value_name = "CONFIG", conflicts_with_all = ["shots", "model"])]
    pub llm: Option<PathBuf>,
    /// Ask it about N rows of --test, drawn by lot.
    #[arg(long, value_name = "N", requires = "llm", default_value_t = 200)]
    pub limit: usize,
    /// Another lot.
    #[arg(long, value_name = "N", requires = "llm", default_value_t = 1)]
    pub seed: u64,
    /// Print JSON instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// `deskbell eval duplicates`.
#[derive(Debug, Args)]
pub struct EvalDuplicatesArguments {
    /// All tickets: CSV with a header, or a JSON object a line (.jsonl).
    #[arg(long, value_name = "FILE")]
    pub items: PathBuf,
    /// Pairs of ids, the duplicate first, after a header.
    #[arg(long, value_name = "FILE")]
    pub pairs: PathBuf,
    /// The column of the ids.
    #[arg(long, value_name = "COLUMN", default_value = "id")]
    pub id: String,
    /// The columns of the text.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', default_value = "text")]
    pub text: Vec<String>,
    /// A folder with model.safetensors and vocab.txt of all-MiniLM-L6-v2; without it the words speak alone.
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,
    /// Print JSON instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// `deskbell eval language`.
#[derive(Debug, Args)]
pub struct EvalLanguageArguments {
    /// Rows to measure on.
    #[arg(long, value_name = "FILE")]
    pub test: PathBuf,
    /// The column of the text; `text` and a few more are known.
    #[arg(long, value_name = "COLUMN")]
    pub text: Option<String>,
    /// The column of the language; `label`, `language`, `lang` are known.
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// Read the first N characters of each text only.
    #[arg(long, value_name = "N")]
    pub characters: Option<usize>,
    /// Print JSON instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// `deskbell eval urgency`.
#[derive(Debug, Args)]
pub struct EvalUrgencyArguments {
    /// Rows to measure on: CSV with a header, or a JSON object a line (.jsonl).
    #[arg(long, value_name = "FILE")]
    pub test: PathBuf,
    /// The column of the text; `text` and a few more are known.
    #[arg(long, value_name = "COLUMN")]
    pub text: Option<String>,
    /// The column of the urgency; `urgency`, `label` and a few more are known.
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// Print JSON instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// `deskbell eval request` and `deskbell eval complexity`.
#[derive(Debug, Args)]
pub struct EvalIntentArguments {
    /// Rows to measure on: CSV with a header, or a JSON object a line (.jsonl).
    #[arg(long, value_name = "FILE")]
    pub test: PathBuf,
    /// The column of the text; `text` and a few more are known.
    #[arg(long, value_name = "COLUMN")]
    pub text: Option<String>,
    /// The column of the label; `request` or `complexity`, `label` and a few more are known.
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// Print JSON instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// `deskbell eval answers`.
#[derive(Debug, Args)]
pub struct EvalAnswersArguments {
    /// A folder of Markdown documents; a document's id is its path within, without .md.
    #[arg(long, value_name = "FOLDER")]
    pub corpus: PathBuf,
    /// Questions: {"_id", "text"} a line.
    #[arg(long, value_name = "FILE")]
    pub queries: PathBuf,
    /// Question, document and score a line, separated by tabs, after a header.
    #[arg(long, value_name = "FILE")]
    pub qrels: PathBuf,
    /// Print JSON instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// `deskbell eval retrieve`.
#[derive(Debug, Args)]
pub struct EvalRetrieveArguments {
    /// Documents: {"_id", "title", "text"} a line; or a folder of Markdown, searched by passages, a document's id being its
    /// path within, without .md.
    #[arg(long, value_name = "FILE")]
    pub corpus: PathBuf,
    /// Questions: {"_id", "text"} a line.
    #[arg(long, value_name = "FILE")]
    pub queries: PathBuf,
    /// Question, document and score a line, separated by tabs, after a header.
    #[arg(long, value_name = "FILE")]
    pub qrels: PathBuf,
    /// A folder with model.safetensors and vocab.txt of all-MiniLM-L6-v2; without it the words speak alone.
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,
    /// Print JSON instead of lines.
    #[arg(long)]
    pub json: bool,
}
