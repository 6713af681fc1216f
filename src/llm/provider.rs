//! The two shapes in which models are asked: OpenAI's chat completions, which most others speak too, and Anthropic's messages.
//! Pure: a request's address, headers and body, and what its answer says.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create>,
//! <https://learn.microsoft.com/azure/ai-foundry/openai/reference>, <https://docs.anthropic.com/en/api/messages>

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{LlmError, Usage};
use super::prompts::Filled;
use super::shape::Shape;

/// The name that the answer's shape has on the wire.
const ANSWER: &str = "answer";
/// <https://docs.anthropic.com/en/api/versioning>
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// OpenAI itself.
    Openai,
    /// Whatever speaks OpenAI's chat completions: Ollama, vLLM, OpenRouter …
    OpenaiCompatible,
    /// Azure OpenAI.
    Azure,
    /// Anthropic.
    Anthropic,
}

impl ProviderKind {
    /// The address where there is only one.
    pub const fn default_url(self) -> Option<&'static str> {
        match self {
            Self::Openai => Some("https://api.openai.com/v1"),
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::OpenaiCompatible | Self::Azure => None,
        }
    }

    /// Whether it asks without a key at times: models on the own machine.
    pub const fn may_lack_key(self) -> bool {
        matches!(self, Self::OpenaiCompatible)
    }
}

/// How an answer in a fixed shape is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Structured {
    /// The service holds the model to the schema.
    #[default]
    JsonSchema,
    /// The service holds the model to JSON; the schema stands in the prompt.
    JsonObject,
    /// The schema stands in the prompt: for services that know neither.
    Prompt,
}

/// Whom to ask and how.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Who.
    pub kind: ProviderKind,
    /// Without a slash at the end.
    pub base_url: String,
    /// The model; on Azure the deployment.
    pub model: String,
    /// The key.
    pub key: Option<SecretString>,
    /// Azure's `api-version`; without it the address is taken as that of its v1 API.
    pub api_version: Option<String>,
    /// How the shape is asked for. Anthropic is always held to it by a tool.
    pub structured: Structured,
    /// Left to the service when `None`.
    pub temperature: Option<f64>,
    /// An answer is cut beyond so many tokens.
    pub max_output_tokens: u32,
}

impl Provider {
    /// Where requests go.
    pub(super) fn address(&self) -> String {
        let base = &self.base_url;
        match (self.kind, &self.api_version) {
            (ProviderKind::Anthropic, _) => format!("{base}/v1/messages"),
            (ProviderKind::Azure, Some(version)) => {
                format!("{base}/openai/deployments/{}/chat/completions?api-version={version}", self.model)
            }
            _ => format!("{base}/chat/completions"),
        }
    }

    /// The headers that the body alone does not say.
    pub(super) fn headers(&self) -> Vec<(&'static str, SecretString)> {
        let key = self.key.as_ref();
        match self.kind {
            ProviderKind::Anthropic => {
                let key = key.map(|key| ("x-api-key", key.clone()));
                key.into_iter().chain([("anthropic-version", ANTHROPIC_VERSION.to_owned().into())]).collect()
            }
            ProviderKind::Azure => key.map(|key| ("api-key", key.clone())).into_iter().collect(),
            ProviderKind::Openai | ProviderKind::OpenaiCompatible => {
                let bearer = |key: &SecretString| SecretString::from(format!("Bearer {}", key.expose_secret()));
                key.map(|key| ("authorization", bearer(key))).into_iter().collect()
            }
        }
    }

    /// The body of a request.
    pub(super) fn body(&self, filled: &Filled, shape: &Shape) -> Value {
        let mut body = match self.kind {
            ProviderKind::Anthropic => self.anthropic_body(filled, shape),
            _ => self.openai_body(filled, shape),
        };
        if let Some(temperature) = self.temperature {
            set(&mut body, "temperature", json!(temperature));
        }
        body
    }

    fn anthropic_body(&self, filled: &Filled, shape: &Shape) -> Value {
        json!({
            "model": self.model,
            "max_tokens": self.max_output_tokens,
            "system": filled.system,
            "messages": [{ "role": "user", "content": filled.user }],
            "tools": [{ "name": ANSWER, "description": "Fill in the form.", "input_schema": shape.schema() }],
            "tool_choice": { "type": "tool", "name": ANSWER },
        })
    }

    fn openai_body(&self, filled: &Filled, shape: &Shape) -> Value {
        let system = match self.structured {
            Structured::JsonSchema => filled.system.clone(),
            Structured::JsonObject | Structured::Prompt => format!(
                "{}\n\nAnswer with one JSON object and nothing else. It follows this JSON Schema:\n{}",
                filled.system,
                shape.schema()
            ),
        };
        let mut body = json!({
            "model": self.model,
            "messages": [
                { "role": "system", "content": system },
                { "role": "user", "content": filled.user },
            ],
        });
        // OpenAI's own newer models know only the newer name; many others know only the older.
        let limit = match self.kind {
            ProviderKind::Openai | ProviderKind::Azure => "max_completion_tokens",
            _ => "max_tokens",
        };
        set(&mut body, limit, json!(self.max_output_tokens));
        let format = match self.structured {
            Structured::JsonSchema => Some(json!({
                "type": "json_schema",
                "json_schema": { "name": ANSWER, "strict": true, "schema": shape.schema() },
            })),
            Structured::JsonObject => Some(json!({ "type": "json_object" })),
            Structured::Prompt => None,
        };
        if let Some(format) = format {
            set(&mut body, "response_format", format);
        }
        body
    }

    /// Reads a successful answer. What was used is told even where the answer is of no use.
    pub(super) fn read(&self, body: &[u8]) -> (Option<Usage>, Result<Value, LlmError>) {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return (None, Err(unreadable("the service's answer is not JSON")));
        };
        match self.kind {
            ProviderKind::Anthropic => (usage(&body, "input_tokens", "output_tokens"), read_anthropic(&body)),
            _ => (usage(&body, "prompt_tokens", "completion_tokens"), read_openai(&body)),
        }
    }

    /// Whether an error's body says that the content was refused, not the request.
    pub(super) fn refuses_content(body: &Value) -> bool {
        body.pointer("/error/code").and_then(Value::as_str) == Some("content_filter")
    }
}

fn set(body: &mut Value, field: &str, value: Value) {
    if let Some(object) = body.as_object_mut() {
        object.insert(field.to_owned(), value);
    }
}

fn unreadable(reason: &str) -> LlmError {
    LlmError::Unreadable { reason: reason.to_owned() }
}

fn refused(reason: &str) -> LlmError {
    LlmError::Refused { reason: reason.to_owned() }
}

fn usage(body: &Value, input: &str, output: &str) -> Option<Usage> {
    let usage = body.get("usage")?;
    let count = |field: &str| usage.get(field).and_then(Value::as_u64).unwrap_or(0);
    // Anthropic counts what came from its prompt cache apart.
    let cached = count("cache_creation_input_tokens") + count("cache_read_input_tokens");
    Some(Usage { input_tokens: count(input) + cached, output_tokens: count(output) })
}

fn read_openai(body: &Value) -> Result<Value, LlmError> {
    let choice = body.pointer("/choices/0").ok_or_else(|| unreadable("it holds no choice"))?;
    let finished = choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default();
    let message = choice.get("message").unwrap_or(&Value::Null);
    if message.get("refusal").and_then(Value::as_str).is_some_and(|refusal| !refusal.is_empty()) {
        return Err(refused("the model declined"));
    }
    if finished == "content_filter" {
        return Err(refused("the service's content filter stopped it"));
    }
    if finished == "length" {
        return Err(unreadable("it was cut off: raise [llm] max_output_tokens"));
    }
    let text = message.get("content").and_then(Value::as_str).ok_or_else(|| unreadable("it holds no text"))?;
    serde_json::from_str(unfenced(text)).map_err(|_| unreadable("it is not JSON"))
}

fn read_anthropic(body: &Value) -> Result<Value, LlmError> {
    match body.get("stop_reason").and_then(Value::as_str).unwrap_or_default() {
        "refusal" => return Err(refused("the model declined")),
        "max_tokens" => return Err(unreadable("it was cut off: raise [llm] max_output_tokens")),
        _ => {}
    }
    let blocks = body.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_answer = |block: &&Value| {
        let said = |field: &str| block.get(field).and_then(Value::as_str);
        said("type") == Some("tool_use") && said("name") == Some(ANSWER)
    };
    let answer = blocks.iter().find(is_answer).and_then(|block| block.get("input"));
    answer.cloned().ok_or_else(|| unreadable("the form was not filled in"))
}

/// Without the fence that models like to put around JSON.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let Some(inside) = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else { return text };
    inside.strip_prefix("json").unwrap_or(inside).trim()
}

#[cfg(test)]
#[path = "provider_tests.rs"]
mod tests;
