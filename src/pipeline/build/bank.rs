//! The bank's settings.

use super::in_process::in_process;
use crate::bank::{ApiConfig, BankConfig, Channel, ClientConfig, Idempotency, Publication, QueryConfig, RelayConfig, RelayReads, Remedy};
use crate::scenario::{Config, Of, Property};

/// What the settings say about the bank.
pub(in crate::pipeline) fn bank_config(config: &Config) -> BankConfig {
    BankConfig {
        account_count: number(config, Property::AccountCount),
        opening_balance: config.int(Property::OpeningBalance, Of::Only),
        client: client(config),
        api: ApiConfig {
            publication: match config.choice(Property::Publication, Of::Only) {
                "inside-transaction" => Publication::InsideTransaction,
                "after-commit" => Publication::AfterCommit,
                "outbox-cdc" => Publication::OutboxCdc,
                "event-store" => Publication::EventStore,
                "application-event" | "transactional-event" => Publication::InProcess,
                _ => Publication::Outbox,
            },
            in_process: in_process(config),
            idempotency_key: config.flag(Property::IdempotencyKey, Of::Only),
            conflict_retries_max: number(config, Property::ConflictRetries),
            db_timeout_us: us(config, Property::WriteDbTimeout),
        },
        write_db_latency: config.latency(Property::WriteDbTime, Of::Only),
        event_read_latency: config.latency(Property::EventReadTime, Of::Only),
        snapshot_every: number(config, Property::SnapshotEvery),
        relay: relay(config),
        read_db_latency: config.latency(Property::ReadDbTime, Of::Only),
        read_db_timeout_us: us(config, Property::ReadDbTimeout),
        account_view: idempotency(config, 0),
        transfer_history: idempotency(config, 1),
        query: query(config),
    }
}

fn relay(config: &Config) -> RelayConfig {
    RelayConfig {
        poll_interval_us: us(config, Property::RelayInterval),
        batch_max: number(config, Property::RelayBatch),
        reads: match config.choice(Property::RelayReads, Of::Only) {
            "last-id" => RelayReads::LastId,
            "gap-aware" => RelayReads::GapAware,
            _ => RelayReads::Flag,
        },
        count: number(config, Property::RelayCount),
        capture_interval_us: us(config, Property::CaptureInterval),
        flush_interval_us: us(config, Property::FlushInterval),
        db_timeout_us: us(config, Property::WriteDbTimeout),
    }
}

fn client(config: &Config) -> ClientConfig {
    let count = number(config, Property::ClientCount);
    ClientConfig {
        count,
        command_interval_us: interval_us(config, Property::CommandRate, count),
        query_interval_us: interval_us(config, Property::QueryRate, count),
        request_timeout_us: us(config, Property::ClientTimeout),
        retries_max: number(config, Property::ClientRetries),
        retry_back_off_us: us(config, Property::ClientBackOff),
        channel: channel(config),
        poll_interval_us: us(config, Property::CompletionPollInterval),
        completion_timeout_us: us(config, Property::CompletionTimeout),
        sse_reconnect_us: us(config, Property::SseReconnect),
        reread_on_reconnect: config.flag(Property::SseReread, Of::Only),
        remedy: match config.choice(Property::Remedy, Of::Only) {
            "return-state" => Remedy::ReturnState,
            "min-version" => Remedy::MinVersion,
            "write-side" => Remedy::WriteSide,
            _ => Remedy::None,
        },
        read_back: config.flag(Property::ReadBack, Of::Only),
        sticky_replica: config.flag(Property::StickyReplica, Of::Only),
        deposit_percent: number(config, Property::DepositShare),
        withdraw_percent: number(config, Property::WithdrawShare),
        overdraft_percent: number(config, Property::OverdraftShare),
    }
}

fn channel(config: &Config) -> Channel {
    let name = config.choice(Property::Completion, Of::Only);
    Channel::ALL.into_iter().find(|channel| channel.name() == name).unwrap_or(Channel::Sse)
}

fn query(config: &Config) -> QueryConfig {
    QueryConfig {
        sse_history: config.flag(Property::SseHistory, Of::Only),
        long_poll_us: us(config, Property::LongPollTimeout),
        push_latency: config.latency(Property::PushTime, Of::Only),
        push_ttl_us: us(config, Property::PushTtl),
        email_latency: config.latency(Property::EmailTime, Of::Only),
        notify_on_replay: config.flag(Property::NotifyOnReplay, Of::Only),
        min_version_timeout_us: us(config, Property::MinVersionTimeout),
        replica_lag_us: us(config, Property::ReplicaLag),
    }
}

/// The mean pause of one of `count` clients that together do so many a minute; 0 if they do nothing.
fn interval_us(config: &Config, rate: Property, count: u32) -> u64 {
    60_000_000u64.saturating_mul(u64::from(count)).checked_div(config.count(rate, Of::Only)).unwrap_or(0)
}

fn idempotency(config: &Config, group: u32) -> Idempotency {
    match config.choice(Property::Idempotency, Of::Group(group)) {
        "none" => Idempotency::None,
        "versioned-upsert" => Idempotency::VersionedUpsert,
        "offset-with-view" => Idempotency::OffsetWithView,
        _ => Idempotency::DedupeTable,
    }
}

fn number(config: &Config, property: Property) -> u32 {
    u32::try_from(config.count(property, Of::Only)).unwrap_or(u32::MAX)
}

fn us(config: &Config, property: Property) -> u64 {
    config.ms_as_us(property, Of::Only)
}
