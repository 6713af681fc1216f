//! `deskbell mcp login` and `deskbell mcp logout`: a person signs in at an MCP server once, in their own browser; the tokens that
//! come of it are kept in the store.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use deskbell_listener::Limits;
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::mcp::ended_by_signals;
use super::mcp_sign_ins::server_named;
use super::{Failure, output};
use crate::config::Config;
use crate::mcp_host::{Grant, Login, LoginError, Transport};
use crate::store::{OpenError, SignInsBeside, Store};

/// Time for the person to sign in.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// An address that a browser came back to, and where what came of it is said.
struct CameBack {
    address: Url,
    told: oneshot::Sender<String>,
}

/// Signs in.
pub(super) async fn login(path: &Path, name: &str) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let spec = server_named(&config, name)?;
    let wanted_port = match &spec.transport {
        Transport::Http { oauth: Some(oauth), .. } => match &oauth.grant {
            Grant::AuthorizationCode { redirect_port, .. } => redirect_port.unwrap_or(0),
            Grant::ClientCredentials { .. } => 0,
        },
        Transport::Http { .. } | Transport::Stdio { .. } => 0,
    };
    // What is wrong with the store is said before the person signs in; meanwhile Deskbell may be started.
    Keeping::open(&config)?.close().await;
    let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted_port)).await.and_then(|listener| {
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    });
    let (listener, port) = listening.map_err(|error| {
        Failure::failed(format!(
            "port {wanted_port} can't be listened at ({error}): free it or give another redirect_port"
        ))
    })?;
    let redirect = Url::parse(&format!("http://127.0.0.1:{port}/callback"))
        .map_err(|error| Failure::failed(format!("the redirect address can't be written: {error}")))?;
    let login = Login::begin(&spec, &redirect).await.map_err(|error| Failure::failed(error.for_people()))?;
    output::say(&format!(
        "Open this address in a browser and sign in as the one on whose behalf Deskbell shall act at {name}:\n\n{}\n\nThe browser then \
         comes back to {redirect}. If it runs on another machine, copy the address at which it fails, and paste it here.",
        login.address()
    ));
    let sign_in = until_signed_in(&login, listener, &redirect, name).await?;
    Keeping::open(&config)?.put(name, Some(sign_in)).await?;
    output::say(&format!(
        "Signed in at {name}. A Deskbell that runs takes it up by itself; `deskbell mcp list` shows it."
    ));
    Ok(())
}

/// Signs out.
pub(super) async fn logout(path: &Path, name: &str) -> Result<(), Failure> {
    let config = Config::load(path)?;
    if Keeping::open(&config)?.put(name, None).await? {
        output::say(&format!(
            "Signed out at {name}: its tokens are forgotten here. Where the vendor lists connected apps, end it there too."
        ));
    } else {
        output::say(&format!("Nobody was signed in at {name}."));
    }
    Ok(())
}

/// Waits for the browser, or for the address at which it failed.
async fn until_signed_in(
    login: &Login,
    listener: TcpListener,
    redirect: &Url,
    name: &str,
) -> Result<SecretString, Failure> {
    let (came, mut comes) = mpsc::channel(4);
    let pasted = tokio::spawn(read_pasted(came.clone()));
    let router = Router::new().route("/callback", get(came_back)).with_state((redirect.clone(), came));
    let shutdown = CancellationToken::new();
    let serving =
        tokio::spawn(deskbell_listener::serve(listener, router, Limits::default(), shutdown.clone().cancelled_owned()));
    let interrupted = ended_by_signals();
    let found = tokio::select! {
        found = take(login, &mut comes, name) => found,
        () = interrupted.cancelled() => Err(Failure::failed("ended before anybody signed in")),
        () = tokio::time::sleep(PATIENCE) => {
            Err(Failure::failed(format!("nobody signed in within {} minutes: run it again", PATIENCE.as_secs() / 60)))
        }
    };
    pasted.abort();
    // The browser still gets its answer.
    shutdown.cancel();
    let _ = serving.await;
    found
}

async fn take(login: &Login, comes: &mut mpsc::Receiver<CameBack>, name: &str) -> Result<SecretString, Failure> {
    while let Some(CameBack { address, told }) = comes.recv().await {
        let finished = login.finish(&address).await;
        // Nobody hears it when the browser is gone.
        let _ = told.send(match &finished {
            Ok(_) => format!("Deskbell is signed in at {name}. You may close this window.\n"),
            Err(error) => format!("Deskbell is not signed in: {error}.\n"),
        });
        match finished {
            Ok(sign_in) => return Ok(sign_in),
            Err(error @ LoginError::OtherState) => output::complain(&error.to_string()),
            Err(error) => {
                return Err(Failure::failed(format!("{error}; run `deskbell mcp login {name}` to try again")));
            }
        }
    }
    Err(Failure::failed("the browser can't come back: run it again"))
}

async fn came_back(
    State((redirect, came)): State<(Url, mpsc::Sender<CameBack>)>,
    RawQuery(query): RawQuery,
) -> impl IntoResponse {
    let mut address = redirect;
    address.set_query(query.as_deref());
    let (told, tells) = oneshot::channel();
    let sent = came.send(CameBack { address, told }).await;
    let text = match sent {
        Ok(()) => tells.await.unwrap_or_default(),
        Err(_) => "Deskbell waits for no sign-in any more.\n".to_owned(),
    };
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    (headers, text)
}

/// Lines of standard input that are addresses; its end ends nothing.
async fn read_pasted(came: mpsc::Sender<CameBack>) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let Ok(address) = Url::parse(line) else {
            output::complain("that is no address: paste the whole one from the browser, beginning with http");
            continue;
        };
        let (told, _) = oneshot::channel();
        if came.send(CameBack { address, told }).await.is_err() {
            return;
        }
    }
}

/// Where sign-ins are put: the store, or beside the Deskbell that holds it.
enum Keeping {
    Here(Store),
    Beside(SignInsBeside),
}

impl Keeping {
    /// Makes the store where there is none yet.
    fn open(config: &Config) -> Result<Self, Failure> {
        let (settings, key) = (config.store_config(), config.master_key(true)?);
        match Store::open(&settings, key.clone()) {
            Ok(store) => Ok(Self::Here(store)),
            Err(OpenError::InUse { .. }) => Ok(Self::Beside(SignInsBeside::open(&settings, key)?)),
            Err(error) => Err(error.into()),
        }
    }

    async fn close(self) {
        if let Self::Here(store) = self {
            store.shutdown().await;
        }
    }

    /// Keeps a sign-in, or forgets it for `None`; whether there was something to do.
    async fn put(self, server: &str, value: Option<SecretString>) -> Result<bool, Failure> {
        let failed =
            |error: crate::store::StoreError| Failure::failed(format!("the sign-in could not be kept: {error}"));
        match self {
            Self::Here(store) => {
                let put = store.put_sign_in(server, None, value).await.map_err(failed);
                store.shutdown().await;
                put
            }
            Self::Beside(mut store) => store.put(server, value.as_ref()).map_err(failed),
        }
    }
}
