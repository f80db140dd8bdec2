//! The bank's side of a scene. Has never heard of partitions and offsets.

use std::sync::Arc;

use super::{health, suffers};
use crate::bank::{Bank, Command, Process, Projection, Publication};
use crate::fault::{FaultKind, Node};
use crate::pipeline::World;
use crate::scene::view::ACCOUNTS_KEPT_MAX;
use crate::scene::{
    AccountView, AnswerView, ApiView, ClientView, CommandKind, CommandView, Health, InProcessView, ProjectionView, QueryView, RelayKind,
    RelayView, Scene, StoreView,
};

/// Fills in everything that the bank knows.
pub(super) fn fill(scene: &mut Scene, world: &World, bank: &Bank) {
    scene.client = client(bank);
    let counters = bank.api().counters();
    scene.api = ApiView {
        health: process(bank.is_up(Process::Api), suffers(world, Node::Api, &[FaultKind::ApiPause])),
        in_hand: bank.api().handling_count() as u32,
        accepted: counters.accepted_count,
        rejected: counters.rejected_count,
        conflicted: counters.conflicted_count,
    };
    let kind = match bank.config().api.publication {
        Publication::OutboxCdc => RelayKind::Capture,
        Publication::EventStore => RelayKind::EventStore,
        _ => RelayKind::Outbox,
    };
    let relayed = bank.config().api.publication.has_relay();
    let store = &bank.write_db().store;
    scene.store = StoreView {
        health: health(bank.is_up(Process::WriteDb), bank.write_db().extra_us() > 0),
        committed: store.stored_count(),
        unpublished: relayed.then(|| match kind {
            RelayKind::Capture => store.outbox.log_after(bank.relay().captured().0).count() as u32,
            _ => store.outbox.unpublished_count() as u32,
        }),
    };
    scene.relay = relayed.then(|| RelayView {
        kind,
        count: bank.relay().stages().count() as u32,
        health: process(bank.is_up(Process::Relay), suffers(world, Node::Relay, &[FaultKind::RelayPause])),
        interval_us: match kind {
            RelayKind::Capture => bank.config().relay.capture_interval_us,
            _ => bank.config().relay.poll_interval_us,
        },
        in_hand: bank.relay().in_hand_count() as u32,
    });
    let listeners = bank.api().listeners();
    scene.in_process = (bank.config().api.publication == Publication::InProcess)
        .then(|| InProcessView { running: listeners.running_count() as u32, queued: listeners.queued_count() as u32 });
    accounts(scene, bank);
    scene.projections = Projection::ALL.iter().filter_map(|p| projection(scene, world, bank, *p)).collect();
    scene.query = query(bank);
}

/// The health of a process that may stand still.
fn process(up: bool, paused: bool) -> Health {
    if up && paused { Health::Paused } else { health(up, false) }
}

fn client(bank: &Bank) -> ClientView {
    let mut view = ClientView { count: bank.config().client.count, ..ClientView::default() };
    for client in bank.clients() {
        let counters = client.counters();
        view.waiting += client.pending_count() as u32;
        view.issued += counters.issued_count;
        view.completed += counters.completed_count;
        view.retried += counters.retried_count;
        view.told_again += counters.repeated_count;
    }
    let last = bank.clients().iter().filter_map(|client| client.last_command()).max_by_key(|(id, _)| *id);
    view.last = last.map(|(_, command)| command_view(&command));
    view
}

fn command_view(command: &Command) -> CommandView {
    let (kind, account, to, amount) = match *command {
        Command::Open { account, .. } => (CommandKind::Open, account, None, 0),
        Command::Deposit { account, amount } => (CommandKind::Deposit, account, None, amount),
        Command::Withdraw { account, amount } => (CommandKind::Withdraw, account, None, amount),
        Command::Transfer { from, to, amount } => (CommandKind::Transfer, from, Some(to), amount),
    };
    CommandView { kind, amount, account: Arc::from(account.name()), to: to.map(|to| Arc::from(to.name())) }
}

fn accounts(scene: &mut Scene, bank: &Bank) {
    let pairs = bank.accounts();
    scene.accounts_more = pairs.len().saturating_sub(ACCOUNTS_KEPT_MAX) as u32;
    scene.accounts = (pairs.iter().take(ACCOUNTS_KEPT_MAX))
        .map(|pair| AccountView {
            id: pair.id.0,
            name: Arc::from(pair.id.name()),
            version: pair.write.map_or(0, |a| u64::from(a.version)),
            written: pair.write.map_or(0, |a| a.balance),
            read: pair.read.map(|row| row.balance),
            applied: pair.read.map_or(0, |row| u64::from(row.applied_count)),
            total: pair.write.map_or(0, |a| u64::from(a.version)),
        })
        .collect();
}

fn projection(scene: &Scene, world: &World, bank: &Bank, projection: Projection) -> Option<ProjectionView> {
    let group = scene.groups.iter().position(|g| *g.name == *projection.name())?;
    let (model, store) = (&bank.read_db().model, &bank.write_db().store);
    let mut view = ProjectionView {
        name: Arc::from(projection.name().replace('-', "_")),
        group: group as u32,
        health: health(bank.is_up(Process::ReadDb), bank.read_db().extra_us() > 0),
        rebuilding: world.is_rebuilding(group as u32),
        rows: Vec::new(),
        row_count: 0,
        total: store.stored_count(),
        duplicates: 0,
        behind_us: 0,
    };
    match projection {
        Projection::AccountView => {
            view.row_count = model.accounts().count() as u64;
            view.duplicates = model.accounts().map(|(_, row)| u64::from(row.applied_count.saturating_sub(row.version))).sum();
            view.behind_us = model.accounts().map(|(id, row)| store.staleness_us(scene.now, id, row.version)).max().unwrap_or(0);
            let row = |a: &AccountView| (a.name.clone(), a.read.unwrap_or(0), a.read != Some(a.written));
            view.rows = scene.accounts.iter().filter(|a| a.read.is_some()).map(row).collect();
        }
        Projection::TransferHistory => {
            view.row_count = model.history().row_count;
            view.duplicates = view.row_count.saturating_sub(view.total);
        }
    }
    Some(view)
}

fn query(bank: &Bank) -> QueryView {
    let count = |of: fn(&crate::bank::ClientCounters) -> u64| bank.clients().iter().map(|c| of(&c.counters())).sum();
    QueryView {
        health: health(bank.is_up(Process::QueryApi), false),
        answered: count(|c| c.query_count),
        stale: count(|c| c.stale_count),
        last: bank.last_answer().map(|last| AnswerView {
            account: Arc::from(last.account.name()),
            read: last.read,
            written: last.written,
            stale_us: last.staleness_us,
        }),
    }
}
