//! Zendesk Support behind the helpdesk tools.
//!
//! Reading order: [`Zendesk`] answers the tools in [`super::schema`]'s words (`writes` and `reads`), `client` knows
//! paths and paging, `change` is what one update sets, `shown` reads Zendesk's JSON, `html` writes Markdown as HTML.
//!
//! How writes happen once: Zendesk honours an `Idempotency-Key` for creations during two hours
//! (<https://developer.zendesk.com/api-reference/ticketing/introduction/#idempotency>), and a ticket carries the key's
//! mark as its `external_id` for ever. Updates take no such header: their audit carries the mark as metadata, looked for
//! before the update, which is a safe one (<https://developer.zendesk.com/documentation/ticketing/managing-tickets/creating-and-updating-tickets/#protecting-against-ticket-update-collisions>):
//! Zendesk refuses it when the ticket changed since the look. Its stamp counts whole seconds, so that two calls
//! within the same second may both pass.

mod change;
mod client;
mod config;
mod error;
mod html;
mod reads;
mod shown;
mod writes;

pub use config::{ZendeskConfig, ZendeskConfigError, ZendeskCredentials};

use client::ZendeskClient;

/// One Zendesk account. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Zendesk {
    client: ZendeskClient,
}

impl Zendesk {
    /// The configured account; makes no request.
    ///
    /// # Errors
    /// [`ZendeskConfigError`] when the HTTP client can't be made.
    pub fn new(config: ZendeskConfig) -> Result<Self, ZendeskConfigError> {
        Ok(Self { client: ZendeskClient::new(config)? })
    }
}
