//! The store as the place where people's sign-ins at MCP servers are kept.

use crate::mcp_host::{KeptSignIn, SignInKeeper};
use crate::store::Store;

/// The way there for the host.
pub fn sign_in_keeper(store: Store) -> SignInKeeper {
    let reading = store.clone();
    let load = move |server: String| {
        let store = reading.clone();
        async move {
            let found = store.sign_in(&server).await.map_err(|error| error.to_string())?;
            Ok(found.map(|found| KeptSignIn { revision: found.revision, value: found.value }))
        }
    };
    let put = move |server: String, over: u64, value| {
        let store = store.clone();
        async move { store.put_sign_in(&server, Some(over), value).await.map_err(|error| error.to_string()) }
    };
    SignInKeeper::new(load, put)
}
