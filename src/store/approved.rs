//! The one place that says of a ticket that it was read back from the store.

use deskbell_domain::action::StoredTicket;
use deskbell_domain::ids::{TicketId, WorkspaceId};

use super::Store;
use super::error::StoreError;

impl Store {
    /// A ticket as the proof that its approvals were kept: what an approved action is rebuilt from.
    ///
    /// # Errors
    /// As [`Self::ticket`].
    pub async fn stored_ticket(
        &self,
        workspace: &WorkspaceId,
        id: TicketId,
    ) -> Result<Option<StoredTicket>, StoreError> {
        Ok(self.ticket(workspace, id).await?.map(|found| StoredTicket::read_back(found.ticket)))
    }
}
