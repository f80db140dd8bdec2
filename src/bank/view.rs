//! The bank as a page wants to show it. Plain data, made on demand; changes nothing.

use super::domain::Account;
use super::effect::{OutboxRow, ViewRow};
use super::ids::AccountId;
use super::service::Bank;

/// One account in both models, side by side: their difference is the staleness that one can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountPair {
    /// Which account.
    pub id: AccountId,
    /// The write model's truth; `None` if only the view knows it.
    pub write: Option<Account>,
    /// What the account view says; `None` if it does not know it yet.
    pub read: Option<ViewRow>,
}

/// The outbox as far as it is worth showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxView {
    /// The last published rows, oldest first.
    pub published: Vec<OutboxRow>,
    /// The first unpublished rows in commit order, up to the asked number.
    pub unpublished: Vec<OutboxRow>,
    /// How many are unpublished in all.
    pub unpublished_count: u64,
}

impl Bank {
    /// All accounts that either model knows, by name.
    pub fn accounts(&self) -> Vec<AccountPair> {
        let mut pairs: Vec<AccountPair> = (self.write_db().store.streams())
            .map(|(id, stream)| AccountPair { id, write: Some(stream.state()), read: self.read_db().model.account(id) })
            .collect();
        for (id, row) in self.read_db().model.accounts() {
            if !pairs.iter().any(|pair| pair.id == id) {
                pairs.push(AccountPair { id, write: None, read: Some(row) });
            }
        }
        crate::kernel::sort_by_key(&mut pairs, |pair| pair.id);
        pairs
    }

    /// The outbox with at most `rows_max` of the unpublished rows.
    pub fn outbox(&self, rows_max: u32) -> OutboxView {
        let outbox = &self.write_db().store.outbox;
        OutboxView {
            published: outbox.rows_recent().copied().collect(),
            unpublished: outbox.rows_unpublished().take(rows_max as usize).copied().collect(),
            unpublished_count: outbox.unpublished_count(),
        }
    }
}
