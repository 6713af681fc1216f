//! The language model, if one is configured: a call of a few tokens tells whether address, key and model are right.

use super::Finding;
use crate::config::Config;
use crate::prepare;

/// Asks the model the smallest question there is.
pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let Some(table) = &config.llm else { return Vec::new() };
    let mut findings = Vec::new();
    if table.goes_in_the_clear() {
        findings.push(Finding::doubtful(
            "llm",
            format!("{} is asked without encryption", table.base_url()),
            "set [llm] base_url to an https address, unless nobody can listen in between",
        ));
    }
    let missing = table.key.as_ref().is_some_and(|key| config.secret("llm.key", key).is_err());
    if missing {
        findings.push(Finding::doubtful("llm", "was not asked: it lacks its key", "set the key, then run this again"));
        return findings;
    }
    let llm = match prepare::llm(config) {
        Ok(Some(llm)) => llm,
        Ok(None) => return findings,
        Err(errors) => {
            findings.push(Finding::told("llm", errors.to_string()));
            return findings;
        }
    };
    findings.push(match llm.check().await {
        Ok(()) => Finding::good("llm", format!("{} answers in the form asked for", llm.model())),
        Err(error) => Finding::bad(
            "llm",
            format!("{} {error}", llm.model()),
            "correct [llm]; meanwhile requests are assessed without it, and their cards say so",
        ),
    });
    findings
}
