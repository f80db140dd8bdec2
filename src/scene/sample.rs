//! A scene for tests: the sketch of `design/`, with as much of everything as asked for.

use std::sync::Arc;

use crate::kernel::SimTime;

use super::*;

fn consumer(id: u32, state: ConsumerState, assigned: &[u32]) -> ConsumerView {
    ConsumerView { id, number: id, state, assigned: assigned.iter().map(|p| (0, *p)).collect(), ..ConsumerView::default() }
}

fn lane(partition: u32, end: u64, marks: [(u64, u64); 2]) -> LaneView {
    let mark = |(group, (committed, position)): (usize, &(u64, u64))| MarkView {
        group: group as u32,
        committed: Some(*committed),
        position: Some(*position),
        restart_at: *committed,
    };
    let first = end.saturating_sub(CELLS_MAX as u64);
    LaneView {
        partition,
        leader: Some(partition % 3 + 1),
        replicas: vec![1, 2, 3],
        isr: if partition == 2 { vec![1, 3] } else { vec![1, 2, 3] },
        log_start: 12.min(end),
        high_watermark: end.saturating_sub(u64::from(partition == 2)),
        log_end: end,
        last_stable: end,
        cells: (first.max(12)..end).map(|offset| CellView { offset, state: state(partition, offset, end) }).collect(),
        marks: marks.iter().enumerate().map(mark).collect(),
    }
}

fn state(partition: u32, offset: u64, end: u64) -> CellState {
    match (partition, offset) {
        (1, 94) => CellState::Failing,
        (0, 124) => CellState::InHand,
        (2, o) if o + 1 == end => CellState::Unreplicated,
        _ => CellState::Plain,
    }
}

/// The sketch.
pub(crate) fn sample(lanes: u32, accounts: u32, consumers: u32) -> Scene {
    let names = ["A", "B", "C", "D", "E", "F", "G", "H"];
    let account = |i: u32| AccountView {
        id: i,
        name: Arc::from(names[i as usize % 8]),
        version: 17 + u64::from(i),
        written: 940 + 620 * i64::from(i),
        read: Some(940 + 620 * i64::from(i) + if i < 2 { 30 - 60 * i64::from(i) } else { 0 }),
        applied: if i < 2 { 16 } else { 17 },
        total: 17,
    };
    let ends = [128, 97, 143, 60, 71, 5, 18, 20, 9, 44, 51, 66];
    let group = |name: &str, at: u32, count: u32, first: ConsumerState| GroupView {
        name: Arc::from(name),
        state: GroupState::Stable,
        generation: 3,
        lag: 9,
        consumers: (0..count)
            .map(|i| {
                let own: Vec<u32> = (0..lanes).filter(|p| p % count.max(1) == i).collect();
                consumer(at + i, if i == 0 { first } else { ConsumerState::Listening }, &own)
            })
            .collect(),
    };
    let shown: Vec<AccountView> = (0..accounts).map(account).collect();
    Scene {
        now: SimTime::from_ms(24_180),
        bank: true,
        client: ClientView { count: 3, waiting: 3, issued: 46, completed: 41, retried: 1, told_again: 0, last: None },
        api: ApiView { health: Health::Up, in_hand: 1, accepted: 41, rejected: 2, conflicted: 0 },
        accounts: shown.clone(),
        accounts_more: 0,
        store: StoreView { health: Health::Up, committed: 365, unpublished: Some(2) },
        in_process: None,
        relay: Some(RelayView { kind: RelayKind::Outbox, count: 1, health: Health::Up, interval_us: 200_000, in_hand: 1 }),
        topics: vec![
            TopicView {
                id: 0,
                name: Arc::from("transfer-events"),
                role: TopicRole::Events,
                lanes: (0..lanes)
                    .map(|p| {
                        let end: u64 = ends[p as usize % 12];
                        lane(p, end, [(end.saturating_sub(7), end.saturating_sub(4)), (end.saturating_sub(1), end)])
                    })
                    .collect(),
            },
            TopicView {
                id: 1,
                name: Arc::from("transfer-events-retry-1000"),
                role: TopicRole::Retry,
                lanes: vec![LaneView { log_end: 4, high_watermark: 4, last_stable: 4, log_start: 3, ..LaneView::default() }],
            },
            TopicView {
                id: 2,
                name: Arc::from("transfer-events-dlt"),
                role: TopicRole::DeadLetter,
                lanes: vec![LaneView { log_end: 2, high_watermark: 2, last_stable: 2, ..LaneView::default() }],
            },
        ],
        brokers: (1..=3)
            .map(|id| BrokerView { id, health: if id == 3 { Health::Slow } else { Health::Up }, leads: 1, replicas: 3 })
            .collect(),
        groups: vec![
            group("account-view", 0, consumers, ConsumerState::NackSleep),
            group("transfer-history", consumers, 1, ConsumerState::Listening),
        ],
        projections: vec![
            ProjectionView {
                name: Arc::from("account_view"),
                group: 0,
                health: Health::Up,
                rebuilding: false,
                rows: shown.iter().take(4).map(|a| (a.name.clone(), a.read.unwrap_or(0), a.read != Some(a.written))).collect(),
                row_count: u64::from(accounts),
                total: 365,
                duplicates: 0,
                behind_us: 1_800_000,
            },
            ProjectionView {
                name: Arc::from("transfer_history"),
                group: 1,
                health: Health::Up,
                rebuilding: false,
                rows: vec![],
                row_count: 365,
                total: 365,
                duplicates: 2,
                behind_us: 100_000,
            },
        ],
        query: QueryView {
            health: Health::Up,
            answered: 21,
            stale: 4,
            last: Some(AnswerView { account: Arc::from("A"), read: Some(970), written: Some(940), stale_us: 1_800_000 }),
        },
        links: crate::fault::Link::ALL.iter().map(|w| LinkView { link: *w, state: LinkState::Normal, latency_us: 20_000 }).collect(),
        producers: vec![],
        application: None,
        faults: vec![],
        flights: vec![],
    }
}
