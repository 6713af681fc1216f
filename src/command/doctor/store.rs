//! The store: it opens, can be written, and where the audit trail ends. Nothing is made or migrated by looking.

use super::Finding;
use crate::config::Config;
use crate::store::{OpenError, Store};

/// Looks at the store.
pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let settings = config.store_config();
    if !settings.path.exists() {
        return vec![not_there_yet(&settings.path, config)];
    }
    let key = match config.master_key(false) {
        Ok(key) => key,
        Err(error) => return vec![Finding::told("store", error.to_string())],
    };
    let reading = match Store::open_read_only(&settings, key.clone()) {
        Ok(store) => store,
        Err(error) => return vec![Finding::told("store", error.to_string())],
    };
    let mut findings = vec![match reading.anchor().await {
        Ok(anchor) => Finding::good(
            "store",
            format!("{} opens, {} audit entries, head {}", settings.path.display(), anchor.seq, anchor.hash),
        ),
        Err(error) => Finding::told("store", error.to_string()),
    }];
    reading.shutdown().await;
    findings.push(match Store::open(&settings, key) {
        Err(OpenError::InUse { .. }) => Finding::good("store", "a running Deskbell is using it; see its /readyz"),
        Err(error) => Finding::told("store", error.to_string()),
        Ok(store) => {
            let health = store.health().await;
            store.shutdown().await;
            match health {
                Ok(()) => Finding::good("store", "can be written"),
                Err(error) => Finding::told("store", error.to_string()),
            }
        }
    });
    findings
}

fn not_there_yet(path: &std::path::Path, config: &Config) -> Finding {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(std::path::Path::new("."));
    let writable = std::fs::metadata(folder).is_ok_and(|about| about.is_dir() && !about.permissions().readonly());
    if !writable {
        return Finding::bad(
            "store",
            format!("the folder {} of [store] path is not there or not writable", folder.display()),
            "make it on a local disk, writable by the user Deskbell runs as",
        );
    }
    if config.store.master_key.is_some()
        && let Err(error) = config.master_key(false)
    {
        return Finding::told("store", error.to_string());
    }
    Finding::good("store", format!("{} is made on the first start", path.display()))
}
