//! `[llm]`: the language model that is asked, and what it may cost.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::sections::is_http_address;
use super::source::{ConfigError, Source};
use super::value::{Length, SecretRef};
use crate::llm::{Limits, LlmSettings, Prices, Provider, ProviderKind, Structured};

/// `[llm]`. Without this table no model is asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LlmConfig {
    /// Who is asked.
    pub provider: ProviderKind,
    /// Where, unless there is only one place.
    base_url: Option<Spanned<String>>,
    /// The model's name; on Azure the deployment's.
    pub model: String,
    /// The key. A model on the own machine may want none.
    pub key: Option<SecretRef>,
    /// Azure's `api-version`, with an address that does not end in `/openai/v1`.
    pub api_version: Option<String>,
    /// Whether requests are assessed by it, beside Deskbell's own reading.
    #[serde(default = "yes")]
    pub assess: bool,
    /// Whether it puts what the knowledge base finds in order, before that is quoted or put in words.
    #[serde(default = "yes")]
    pub rerank: bool,
    /// How an answer in a fixed form is asked for.
    #[serde(default)]
    pub structured: Structured,
    /// 0 to 2; the service's own when absent, and some models take no other.
    pub temperature: Option<f64>,
    /// An answer is cut beyond so many tokens.
    #[serde(default = "max_output_tokens")]
    pub max_output_tokens: u32,
    /// One attempt may take so long.
    #[serde(default = "call_timeout")]
    pub call_timeout: Length,
    /// All attempts together may take so long.
    #[serde(default = "patience")]
    pub patience: Length,
    /// Attempts at most.
    #[serde(default = "attempts")]
    pub attempts: u32,
    /// Calls at the same time.
    #[serde(default = "max_concurrency")]
    pub max_concurrency: usize,
    /// What a million tokens cost.
    #[serde(default)]
    pub prices: PricesConfig,
    /// Tokens a day, counted in UTC.
    #[serde(default = "daily_tokens")]
    pub daily_tokens: u64,
    /// Tokens for one ticket.
    #[serde(default = "ticket_tokens")]
    pub ticket_tokens: u64,
    /// Money a day, in the unit of the prices.
    pub daily_money: Option<f64>,
    /// Money for one ticket.
    pub ticket_money: Option<f64>,
    /// Answers that are kept in memory, in case the same is asked again.
    #[serde(default = "cache_entries")]
    pub cache_entries: usize,
    /// A folder of prompt files that replace the shipped ones of the same name.
    pub prompts: Option<PathBuf>,
}

/// `[llm] prices`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PricesConfig {
    /// Of a question's tokens.
    pub input: f64,
    /// Of an answer's tokens.
    pub output: f64,
}

const fn yes() -> bool {
    true
}

const fn max_output_tokens() -> u32 {
    1_200
}

const fn call_timeout() -> Length {
    Length::seconds(15)
}

const fn patience() -> Length {
    Length::seconds(30)
}

const fn attempts() -> u32 {
    3
}

const fn max_concurrency() -> usize {
    8
}

const fn daily_tokens() -> u64 {
    2_000_000
}

const fn ticket_tokens() -> u64 {
    200_000
}

const fn cache_entries() -> usize {
    1_000
}

/// An answer kept takes a few kilobytes.
const CACHE_MAX: usize = 100_000;

impl LlmConfig {
    /// Where it is asked, without a slash at the end.
    pub fn base_url(&self) -> String {
        let written = self.base_url.as_ref().map(|url| url.get_ref().as_str());
        written.or(self.provider.default_url()).unwrap_or_default().trim_end_matches('/').to_owned()
    }

    /// Whether the request's words go out unencrypted, to another machine.
    pub fn goes_in_the_clear(&self) -> bool {
        Url::parse(&self.base_url()).is_ok_and(|url| {
            let host = url.host_str().unwrap_or_default();
            url.scheme() == "http" && !matches!(host, "localhost" | "127.0.0.1" | "[::1]")
        })
    }

    pub(super) fn faults(&self, source: &Source) -> Vec<ConfigError> {
        let mut faults: Vec<ConfigError> = self.address_fault(source).into_iter().collect();
        let here = |message: String| ConfigError::at(source.name(), format!("[llm] {message}"));
        if self.model.trim().is_empty() {
            faults.push(here("model is empty: name the model, on Azure the deployment".to_owned()));
        }
        if self.key.is_none() && !self.provider.may_lack_key() {
            faults.push(here("key is missing: add key = \"env:LLM_KEY\" and set that variable".to_owned()));
        }
        if self.api_version.is_some() && self.provider != ProviderKind::Azure {
            faults.push(here("api_version belongs to provider = \"azure\": leave it out".to_owned()));
        }
        faults.extend(self.number_faults().into_iter().map(here));
        faults
    }

    fn address_fault(&self, source: &Source) -> Option<ConfigError> {
        match &self.base_url {
            None if self.provider.default_url().is_none() => Some(ConfigError::at(
                source.name(),
                "[llm] base_url is missing: for example \"http://127.0.0.1:11434/v1\" (Ollama) or \
                 \"https://YOUR-RESOURCE.openai.azure.com/openai/v1\"",
            )),
            Some(url) if !is_http_address(url.get_ref()) => {
                Some(source.error(
                    &url.span(),
                    format!("[llm] base_url: `{}` is no http(s) address: correct it", url.get_ref()),
                ))
            }
            _ => None,
        }
    }

    fn number_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut outside = |field: &str, given: String, is_wrong: bool, mend: &str| {
            if is_wrong {
                faults.push(format!("{field} = {given}: {mend}"));
            }
        };
        let warm = self.temperature.is_some_and(|it| !(0.0..=2.0).contains(&it));
        outside("temperature", shown(self.temperature), warm, "give 0.0 to 2.0, or leave it out");
        let tokens = self.max_output_tokens;
        let mend = "give 64 to 32000, or leave it out for 1200";
        outside("max_output_tokens", tokens.to_string(), !(64..=32_000).contains(&tokens), mend);
        outside("attempts", self.attempts.to_string(), !(1..=10).contains(&self.attempts), "give 1 to 10");
        let calls = self.max_concurrency;
        outside("max_concurrency", calls.to_string(), !(1..=256).contains(&calls), "give 1 to 256");
        outside("cache_entries", self.cache_entries.to_string(), self.cache_entries > CACHE_MAX, "give at most 100000");
        let is_price = |price: f64| price.is_finite() && price >= 0.0;
        let PricesConfig { input, output } = self.prices;
        let prices = format!("{{ input = {input}, output = {output} }}");
        outside("prices", prices, !is_price(input) || !is_price(output), "give what a million tokens cost, 0 or more");
        for (field, money) in [("daily_money", self.daily_money), ("ticket_money", self.ticket_money)] {
            let Some(money) = money else { continue };
            outside(field, money.to_string(), !is_price(money), "give an amount, 0 or more");
            let free = self.prices == PricesConfig::default();
            outside(field, money.to_string(), free, "money is counted by prices = { input = …, output = … }: add them");
        }
        let lengths = [
            ("call_timeout", self.call_timeout.outside(0, 300), "15s"),
            ("patience", self.patience.outside(0, 600), "30s"),
        ];
        let lengths = lengths
            .into_iter()
            .filter_map(|(field, fault, usual)| Some(format!("{field} {}, or leave it out for {usual}", fault?)));
        faults.extend(lengths);
        faults
    }

    /// How it is asked, with this key. `prompts` is the folder's path, `spend_file` where the day's spending is kept.
    pub(super) fn settings(
        &self,
        key: Option<secrecy::SecretString>,
        prompts: Option<PathBuf>,
        spend_file: PathBuf,
    ) -> LlmSettings {
        LlmSettings {
            provider: Provider {
                kind: self.provider,
                base_url: self.base_url(),
                model: self.model.trim().to_owned(),
                key,
                api_version: self.api_version.clone(),
                structured: self.structured,
                temperature: self.temperature,
                max_output_tokens: self.max_output_tokens,
            },
            call_timeout: self.call_timeout.std(),
            patience: self.patience.std(),
            attempts: self.attempts,
            max_concurrency: self.max_concurrency,
            prices: Prices { input: self.prices.input, output: self.prices.output },
            limits: Limits {
                daily_tokens: Some(self.daily_tokens),
                daily_money: self.daily_money,
                ticket_tokens: Some(self.ticket_tokens),
                ticket_money: self.ticket_money,
            },
            cache_entries: self.cache_entries,
            prompts,
            spend_file: Some(spend_file),
        }
    }
}

fn shown(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}
