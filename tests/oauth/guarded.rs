//! An MCP server that is guarded by an authorization server, both in a box at one address: discovery, registration, PKCE, refresh
//! tokens that rotate, tokens that expire. It verifies what a real one verifies, and a test makes it misbehave.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

type Words = BTreeMap<String, String>;

/// The client that exists without registration.
pub const CLIENT: (&str, &str) = ("desk", "a-secret-of-the-desk");

/// What a test makes it do.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone)]
pub struct Manners {
    /// `code_challenge_methods_supported`.
    pub pkce: Value,
    /// The issuer that its metadata names; its own when `None`.
    pub issuer: Option<String>,
    /// The `iss` it sends the browser back with; its own when `None`.
    pub iss: Option<String>,
    /// The resource that its metadata names; its own when `None`.
    pub resource: Option<String>,
    /// The authorization server that the resource names; its own when `None`.
    pub authorization_server: Option<String>,
    /// `token_endpoint`; its own when `None`.
    pub token_endpoint: Option<String>,
    /// Seconds that an access token lasts.
    pub life: u64,
    /// Renews nothing any more.
    pub refuses_refresh: bool,
    /// Tokens are for another resource.
    pub wrong_audience: bool,
    /// Whether clients may register themselves.
    pub registers: bool,
    /// The scope that calling a tool wants.
    pub scope_of_calls: Option<String>,
    /// The scope that no token is given for.
    pub scope_not_granted: Option<String>,
    /// The person says no.
    pub denies: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            pkce: json!(["S256"]),
            issuer: None,
            iss: None,
            resource: None,
            authorization_server: None,
            token_endpoint: None,
            life: 3600,
            refuses_refresh: false,
            wrong_audience: false,
            registers: true,
            scope_of_calls: None,
            scope_not_granted: None,
            denies: false,
        }
    }
}

struct Issued {
    scope: String,
    audience: String,
    refresh: Option<String>,
    is_valid: bool,
}

#[derive(Default)]
struct Books {
    manners: Manners,
    clients: BTreeMap<String, Option<String>>,
    codes: BTreeMap<String, Words>,
    tokens: BTreeMap<String, Issued>,
    serial: usize,
    /// Every request for a token.
    asked: Vec<Words>,
    /// Tools called with a good token.
    calls: usize,
    /// Requests refused with 401.
    refused: usize,
}

/// It, running.
#[derive(Clone)]
pub struct Guarded {
    address: SocketAddr,
    books: Arc<Mutex<Books>>,
}

impl Guarded {
    pub async fn start() -> Self {
        // For the HTTP clients of the test's own process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let books = Books { clients: [(CLIENT.0.to_owned(), Some(CLIENT.1.to_owned()))].into(), ..Books::default() };
        let it = Self { address, books: Arc::new(Mutex::new(books)) };
        let router = Router::new()
            .route("/.well-known/oauth-protected-resource/mcp", get(resource_metadata))
            .route("/.well-known/oauth-authorization-server", get(server_metadata))
            .route("/register", post(register))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/mcp", post(mcp).get(challenge))
            .with_state(it.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        it
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn url(&self) -> String {
        format!("{}/mcp", self.base())
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// Makes it behave otherwise.
    pub fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.books().manners);
    }

    /// Every access token is refused from now on.
    pub fn expire_tokens(&self) {
        self.books().tokens.values_mut().for_each(|token| token.is_valid = false);
    }

    /// Requests for tokens of a kind.
    pub fn asked(&self, grant: &str) -> Vec<Words> {
        self.books().asked.iter().filter(|asked| asked["grant_type"] == grant).cloned().collect()
    }

    pub fn calls(&self) -> usize {
        self.books().calls
    }

    pub fn refused(&self) -> usize {
        self.books().refused
    }

    fn way(&self) -> String {
        format!("Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource/mcp\"", self.base())
    }
}

fn issue(books: &mut Books, scope: &str, audience: &str, renewable: bool) -> Value {
    books.serial += 1;
    let (access, refresh) = (format!("access-{}", books.serial), format!("refresh-{}", books.serial));
    let refresh = renewable.then_some(refresh);
    let audience = if books.manners.wrong_audience { "https://elsewhere.example/mcp" } else { audience };
    let issued =
        Issued { scope: scope.to_owned(), audience: audience.to_owned(), refresh: refresh.clone(), is_valid: true };
    books.tokens.insert(access.clone(), issued);
    let life = books.manners.life;
    let mut answer = json!({ "access_token": access, "token_type": "Bearer", "expires_in": life, "scope": scope });
    if let Some(refresh) = refresh {
        answer["refresh_token"] = refresh.into();
    }
    answer
}

async fn resource_metadata(State(it): State<Guarded>) -> Json<Value> {
    let manners = it.books().manners.clone();
    Json(json!({
        "resource": manners.resource.unwrap_or_else(|| it.url()),
        "authorization_servers": [manners.authorization_server.unwrap_or_else(|| it.base())],
        "scopes_supported": ["read", "write"],
    }))
}

async fn server_metadata(State(it): State<Guarded>) -> Json<Value> {
    let (manners, base) = (it.books().manners.clone(), it.base());
    let mut metadata = json!({
        "issuer": manners.issuer.unwrap_or_else(|| base.clone()),
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": manners.token_endpoint.unwrap_or_else(|| format!("{base}/token")),
        "response_types_supported": ["code"], "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "scopes_supported": ["read", "write", "offline_access"], "code_challenge_methods_supported": manners.pkce,
        "authorization_response_iss_parameter_supported": true,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    });
    if manners.registers {
        metadata["registration_endpoint"] = format!("{base}/register").into();
    }
    Json(metadata)
}

async fn register(State(it): State<Guarded>, Json(asked): Json<Value>) -> (StatusCode, Json<Value>) {
    let mut books = it.books();
    books.serial += 1;
    let client = format!("registered-{}", books.serial);
    books.clients.insert(client.clone(), None);
    let answer =
        json!({ "client_id": client, "client_name": asked["client_name"], "redirect_uris": asked["redirect_uris"] });
    (StatusCode::CREATED, Json(answer))
}

async fn authorize(State(it): State<Guarded>, Query(asked): Query<Words>) -> Response {
    let mut books = it.books();
    let is_good = books.clients.contains_key(&asked["client_id"])
        && asked["response_type"] == "code"
        && asked["code_challenge_method"] == "S256"
        && asked["resource"] == it.url();
    if !is_good {
        return (StatusCode::BAD_REQUEST, format!("{asked:?}")).into_response();
    }
    let mut back = url::Url::parse(&asked["redirect_uri"]).unwrap();
    let iss = books.manners.iss.clone().unwrap_or_else(|| it.base());
    back.query_pairs_mut().append_pair("state", &asked["state"]).append_pair("iss", &iss);
    if books.manners.denies {
        back.query_pairs_mut().append_pair("error", "access_denied");
    } else {
        books.serial += 1;
        let code = format!("code-{}", books.serial);
        back.query_pairs_mut().append_pair("code", &code);
        books.codes.insert(code, asked);
    }
    Redirect::to(back.as_str()).into_response()
}

fn no(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

/// Whom the request is from: by HTTP basic authentication or by the form.
fn client_of(headers: &HeaderMap, form: &Words) -> (String, Option<String>) {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    match basic {
        Some(basic) => {
            let text = String::from_utf8(STANDARD.decode(basic).unwrap()).unwrap();
            let (id, secret) = text.split_once(':').unwrap();
            (id.to_owned(), Some(secret.to_owned()))
        }
        None => (form.get("client_id").cloned().unwrap_or_default(), form.get("client_secret").cloned()),
    }
}

async fn token(State(it): State<Guarded>, headers: HeaderMap, Form(form): Form<Words>) -> Response {
    given(&it, &headers, &form)
}

fn given(it: &Guarded, headers: &HeaderMap, form: &Words) -> Response {
    let mut books = it.books();
    books.asked.push(form.clone());
    let (client, secret) = client_of(headers, form);
    if books.clients.get(&client).is_none_or(|known| *known != secret) {
        return (
            StatusCode::UNAUTHORIZED,
            Json(json!({ "error": "invalid_client", "error_description": "anna@example.com is unknown" })),
        )
            .into_response();
    }
    let audience = form.get("resource").cloned().unwrap_or_default();
    let answer = match form["grant_type"].as_str() {
        "client_credentials" => {
            let scope = form.get("scope").cloned().unwrap_or_default();
            if books.manners.scope_not_granted.as_deref().is_some_and(|never| scope.split(' ').any(|it| it == never)) {
                return no("invalid_scope");
            }
            issue(&mut books, &scope, &audience, false)
        }
        "authorization_code" => {
            let Some(asked) = books.codes.remove(&form["code"]) else { return no("invalid_grant") };
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
            let is_theirs = asked["client_id"] == client && asked["redirect_uri"] == form["redirect_uri"];
            if challenge != asked["code_challenge"] || !is_theirs || audience != asked["resource"] {
                return no("invalid_grant");
            }
            let scope = asked.get("scope").cloned().unwrap_or_default();
            issue(&mut books, &scope, &audience, true)
        }
        "refresh_token" => {
            let old = books.tokens.iter().find(|(_, token)| token.refresh.as_deref() == Some(&form["refresh_token"]));
            let Some((name, scope)) = old.map(|(name, token)| (name.clone(), token.scope.clone())) else {
                return no("invalid_grant");
            };
            if books.manners.refuses_refresh {
                return no("invalid_grant");
            }
            // Rotated: the old one is worth nothing from here on.
            books.tokens.remove(&name);
            issue(&mut books, &scope, &audience, true)
        }
        _ => return no("unsupported_grant_type"),
    };
    Json(answer).into_response()
}

/// It has no stream of its own, and says where the way to a token is described.
async fn challenge(State(it): State<Guarded>) -> Response {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, it.way())]).into_response()
}

async fn mcp(State(it): State<Guarded>, headers: HeaderMap, Json(message): Json<Value>) -> Response {
    answered(&it, &headers, &message)
}

fn answered(it: &Guarded, headers: &HeaderMap, message: &Value) -> Response {
    let mut books = it.books();
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let issued = bearer.and_then(|bearer| books.tokens.get(bearer));
    let metadata = it.way();
    let Some(issued) = issued.filter(|issued| issued.is_valid && issued.audience == it.url()) else {
        books.refused += 1;
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, metadata)]).into_response();
    };
    let is_call = message["method"] == "tools/call";
    if let Some(scope) = books.manners.scope_of_calls.as_deref().filter(|_| is_call)
        && !issued.scope.split(' ').any(|granted| granted == scope)
    {
        let wanted = format!("{metadata}, error=\"insufficient_scope\", scope=\"{scope}\"");
        return (StatusCode::FORBIDDEN, [(header::WWW_AUTHENTICATE, wanted)]).into_response();
    }
    books.calls += usize::from(is_call);
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => json!({
            "protocolVersion": "2025-11-25", "capabilities": { "tools": {} }, "serverInfo": { "name": "guarded", "version": "1" },
        }),
        "tools/list" => json!({ "tools": [{
            "name": "add_comment", "description": "Adds a comment.",
            "inputSchema": { "type": "object", "properties": { "body": { "type": "string" } } },
        }] }),
        "tools/call" => json!({ "content": [{ "type": "text", "text": "made COM-1" }] }),
        method if method.starts_with("notifications/") => return StatusCode::ACCEPTED.into_response(),
        _ => {
            let error = json!({ "code": -32601, "message": "no such method" });
            return Json(json!({ "jsonrpc": "2.0", "id": message["id"], "error": error })).into_response();
        }
    };
    Json(json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })).into_response()
}
