//! The chain left to right in five columns, from 860 px on. Has never heard of narrow screens.

use crate::player::Thing;

use super::layout::{Flow, LaneBox, Layout, Placed, Rails, Rect, Shape, group_of};
use super::path::{Path, Route, Source};
use super::{Header, Scene};

const PAD: i32 = 14;
const TOP: i32 = 34;
const GAP: i32 = 8;

/// The columns of the chain.
struct Columns {
    client: (i32, i32),
    write: (i32, i32),
    log: (i32, i32),
    consumers: (i32, i32),
    models: (i32, i32),
}

fn columns(width: i32) -> Columns {
    let extra = width - 860;
    let client = (PAD, (84 + extra / 10).min(132));
    let write = (client.0 + client.1 + 30, (176 + extra / 8).min(240));
    let models_w = (124 + extra / 10).min(190);
    let models = (width - PAD - models_w - 8, models_w);
    let consumers_w = (122 + extra / 10).min(184);
    let consumers = (models.0 - 20 - consumers_w, consumers_w);
    let log_x = write.0 + write.1 + 36;
    Columns { client, write, log: (log_x, consumers.0 - 36 - log_x), consumers, models }
}

/// Without a bank the log takes the place of clients, write side and read models.
fn columns_without_bank(shape: &Shape, width: i32) -> Columns {
    let consumers_w = (width / 4).clamp(180, 320);
    let consumers = (width - PAD - consumers_w, consumers_w);
    let producers = if shape.producers.is_empty() { (PAD, 0) } else { (PAD, (width / 9).clamp(104, 150)) };
    let log_x = producers.0 + producers.1 + if producers.1 > 0 { 36 } else { 14 };
    Columns { client: producers, write: producers, log: (log_x, consumers.0 - 36 - log_x), consumers, models: (width - PAD, 0) }
}

/// An application that consumes within its own process: service, listeners, tables.
fn application(out: &mut Layout, width: i32, top: i32, (beans, tables): (u32, u32)) -> i32 {
    let service_w = (width / 5).clamp(150, 220);
    let tables_w = (width / 4).clamp(160, 280);
    let beans_x = PAD + service_w + 36;
    let tables_x = width - PAD - tables_w;
    let beans_w = tables_x - 36 - beans_x;
    out.headers.extend([
        (Header::Service, Rect::new(PAD, top - 22, service_w, 18)),
        (Header::Listeners, Rect::new(beans_x, top - 22, beans_w, 18)),
        (Header::Tables, Rect::new(tables_x, top - 22, tables_w, 18)),
    ]);
    let mut stack = |thing: fn(u32) -> Thing, count: u32, x: i32, w: i32, h: i32| {
        for number in 0..count {
            out.boxes.push(Placed { thing: thing(number), rect: Rect::new(x, top + number as i32 * (h + GAP), w, h) });
        }
        top + count as i32 * (h + GAP)
    };
    let ends = [
        stack(|_| Thing::Service, 1, PAD, service_w, 64),
        stack(Thing::Bean, beans, beans_x, beans_w, 64),
        stack(Thing::Table, tables, tables_x, tables_w, 64),
    ];
    ends.into_iter().max().unwrap_or(top)
}

/// The layout of a shape.
pub(super) fn layout(shape: &Shape, width: i32) -> Layout {
    let at = if shape.bank { columns(width) } else { columns_without_bank(shape, width) };
    let mut out = Layout { flow: Flow::Wide, width, ..Layout::default() };
    let mut write_end = TOP;
    if shape.bank {
        out.boxes.push(Placed { thing: Thing::Client, rect: Rect::new(at.client.0, TOP, at.client.1, 112) });
        write_end = write_side(&mut out, shape, at.write, TOP);
    }
    if let Some(app) = shape.application.filter(|_| shape.lanes.is_empty()) {
        out.height = application(&mut out, width, TOP, app) + PAD;
        return out;
    }
    for (i, producer) in (0..).zip(&shape.producers) {
        let rect = Rect::new(at.client.0, TOP + i * (50 + GAP), at.client.1, 50);
        out.boxes.push(Placed { thing: Thing::Producer(*producer), rect });
        write_end = rect.bottom();
    }
    let log_end = log(&mut out, shape, at.log);
    let tight = is_tight(shape);
    let (read_end, gap_y) = read_side(&mut out, shape, at.consumers, at.models);
    let mut chain_end = write_end.max(read_end);
    if tight {
        // The lanes of such a stage are few: what else there is to read stands below them, beside the consumers.
        out.legend = Rect::new(at.log.0, log_end + 12, at.log.1, legend_height(shape, at.log.1));
    } else {
        chain_end = chain_end.max(log_end);
    }
    out.rails = Rails {
        read_gap: gap_y.filter(|_| tight).map(|y| (at.consumers.0 - 14, y)),
        write_x: at.write.0 + at.write.1 + 10,
        produce_x: at.log.0 - 12,
        broker_x: at.log.0 + at.log.1 + 8,
        read_x: width - 11,
        query_x: at.client.0 + at.client.1 / 2 - 7,
    };
    out.headers = vec![
        (Header::Log, Rect::new(at.log.0, 12, at.log.1, 18)),
        (Header::ReadSide, Rect::new(at.consumers.0, 12, width - at.consumers.0 - PAD, 18)),
    ];
    out.height = chain_end + PAD;
    if !shape.producers.is_empty() {
        out.headers.insert(0, (Header::Producers, Rect::new(at.client.0, 12, at.client.1 + 16, 18)));
    }
    if shape.bank {
        out.headers.insert(0, (Header::WriteSide, Rect::new(at.write.0, 12, at.write.1, 18)));
        out.headers.insert(0, (Header::Client, Rect::new(at.client.0, 12, at.client.1 + 16, 18)));
        // A stale answer names two values: where they do not fit beside each other they stand below each other.
        let (above, below) = if tight { (write_end.max(out.legend.bottom()), 3) } else { (chain_end, 10) };
        let query = Rect::new(at.log.0, above + 12, at.log.1, if at.log.1 < 275 { 56 } else { 42 });
        out.boxes.push(Placed { thing: Thing::QueryApi, rect: query });
        let end = if tight { query.bottom().max(read_end) + 8 } else { query.bottom() + 12 };
        band(&mut out, shape, end);
        out.height = out.band.bottom() + below;
    }
    out
}

/// API, handler, accounts, database and relay in a column from `top` on; gives the bottom.
pub(super) fn write_side(out: &mut Layout, shape: &Shape, (x, w): (i32, i32), top: i32) -> i32 {
    let mut y = top;
    let mut stack = |out: &mut Layout, thing, h: i32| {
        out.boxes.push(Placed { thing, rect: Rect::new(x, y, w, h) });
        y += h + GAP + 2;
    };
    stack(out, Thing::Api, 42);
    stack(out, Thing::Handler, 54);
    let accounts_y = y;
    let rows = shape.accounts.len().min(4).div_ceil(2) as i32;
    for (i, account) in shape.accounts.iter().take(4).enumerate() {
        let (column, row) = (i as i32 % 2, i as i32 / 2);
        let half = (w - 8) / 2;
        let rect = Rect::new(x + column * (half + 8), accounts_y + row * 44, half, 38);
        out.boxes.push(Placed { thing: Thing::Account(*account), rect });
    }
    y = accounts_y + rows * 44 - 6 + if rows > 0 { GAP + 2 } else { 6 };
    if shape.relay {
        let half = (w - 8) * 44 / 100;
        out.boxes.push(Placed { thing: Thing::WriteDb, rect: Rect::new(x, y, half, 52) });
        out.boxes.push(Placed { thing: Thing::Outbox, rect: Rect::new(x + half + 8, y, w - half - 8, 52) });
        y += 52 + GAP + 2;
        out.boxes.push(Placed { thing: Thing::Relay, rect: Rect::new(x, y, w, 40) });
        y += 40;
    } else {
        out.boxes.push(Placed { thing: Thing::WriteDb, rect: Rect::new(x, y, w, 52) });
        y += 52;
    }
    y
}

/// Lanes, other topics and brokers in a column; gives the bottom.
pub(super) fn log(out: &mut Layout, shape: &Shape, (x, w): (i32, i32)) -> i32 {
    let mut y = TOP - 2;
    let cell_w = 6 + 7 * shape.digits.max(2) as i32;
    let marks_h = 13;
    let rows = shape.groups.len().clamp(1, 4) as i32;
    let crowded = shape.lanes.len() > 6;
    let (label_h, cell_h) = if crowded { (12, 20) } else { (15, 26) };
    for &(topic, partition) in &shape.lanes {
        let older_x = x + 26;
        let cells_x = older_x + 36;
        let cells = ((x + w - cells_x) / cell_w).max(1);
        let marks_y = y + label_h + cell_h + 2;
        let h = label_h + cell_h + 2 + rows * marks_h;
        let rect = Rect::new(x, y, w, h);
        out.lanes.push(LaneBox { topic, partition, rect, older_x, cells_x, cells_y: y + label_h, cell_w, cell_h, cells, marks_y, marks_h });
        out.boxes.push(Placed { thing: Thing::Partition { topic, partition }, rect });
        y += h + if crowded { 4 } else { 6 };
    }
    y += 2;
    y = row_of(out, shape.side_topics.iter().map(|t| Thing::Topic(*t)), Rect::new(x, y, w, 30), if w < 330 { 1 } else { 2 });
    row_of(out, shape.brokers.iter().map(|b| Thing::Broker(*b)), Rect::new(x, y, w, 40), 5)
}

/// The legend has a line for as many of its entries as fit, about 150 px each: one for each group, three more, and
/// two short ones of transactions.
pub(super) fn legend_height(shape: &Shape, w: i32) -> i32 {
    let entries = shape.groups.len().min(4) as i32 + if shape.transactions { 4 } else { 3 };
    let per_line = (w / 132).max(1);
    (entries + per_line - 1) / per_line * 18
}

/// Puts things side by side, `per_row` in a row; gives the bottom with a gap below, or the top if there are none.
fn row_of(out: &mut Layout, things: impl ExactSizeIterator<Item = Thing>, row: Rect, per_row: i32) -> i32 {
    let count = things.len() as i32;
    let columns = count.min(per_row).max(1);
    let w = (row.w - (columns - 1) * 8) / columns;
    for (i, thing) in things.enumerate() {
        let (column, line) = (i as i32 % columns, i as i32 / columns);
        let rect = Rect::new(row.x + column * (w + 8), row.y + line * (row.h + 8), w, row.h);
        out.boxes.push(Placed { thing, rect });
    }
    row.y + (count + columns - 1) / columns * (row.h + 8) + i32::from(count > 0) * 4
}

/// Whether a bank has a group more than those of its read models: then there is no height to be given away.
fn is_tight(shape: &Shape) -> bool {
    shape.bank && shape.groups.len() > 2
}

/// Groups with their consumers and read models; gives the bottom, and the middle of the gap above the first group that has no
/// read model.
fn read_side(out: &mut Layout, shape: &Shape, (x, w): (i32, i32), (models_x, models_w): (i32, i32)) -> (i32, Option<i32>) {
    let (mut y, mut gap_y) = (TOP - 2, None);
    let tight = is_tight(shape);
    let (title, gap) = if tight { (20, 8) } else { (22, 12) };
    for (index, (consumers, projection)) in shape.groups.iter().enumerate() {
        out.boxes.push(Placed { thing: Thing::Group(index as u32), rect: Rect::new(x, y, models_x + models_w - x, 18) });
        let top = y + title;
        // Consumers of a group without a read model have its place, too.
        let columns = if tight && projection.is_none() { 2 } else { 1 };
        let w = if columns == 2 { (models_x + models_w - x - 8) / 2 } else { w };
        let rows = (consumers.len() as i32 + columns - 1) / columns;
        let h = if rows > 4 { 36 } else { 56 };
        for (i, consumer) in (0..).zip(consumers) {
            let rect = Rect::new(x + i % columns * (w + 8), top + i / columns * (h + 6), w, h);
            out.boxes.push(Placed { thing: Thing::Consumer(*consumer), rect });
        }
        if columns == 2 {
            gap_y.get_or_insert(y - gap / 2);
        }
        let mut end = top + rows * (h + 6) - 6;
        if let Some((number, rows)) = projection {
            let h = (60 + 17 * (*rows).min(4) as i32).max(76);
            out.boxes.push(Placed { thing: Thing::Projection(*number), rect: Rect::new(models_x, top, models_w, h) });
            end = end.max(top + h);
        }
        y = end + gap;
    }
    if tight {
        return (y - gap, gap_y);
    }
    out.legend = Rect::new(x, y, models_x + models_w - x, legend_height(shape, models_x + models_w - x));
    (out.legend.bottom(), None)
}

/// From a consumer to the edge of its column: one in the second column goes round the one beside it, above or below.
fn to_edge(layout: &Layout, from: Rect, consumer: u32, above: bool) -> (Vec<(i32, i32)>, (i32, i32)) {
    let y = if above { from.cy() - 6 } else { from.bottom() - 9 };
    let first = layout.boxes.iter().filter(|b| matches!(b.thing, Thing::Consumer(id) if id != consumer)).map(|b| b.rect);
    match first.filter(|r| r.y == from.y && r.x < from.x).map(|r| r.x).min() {
        None => (Vec::new(), (from.x, y)),
        Some(x) => {
            let (out, level) = if above { (from.y, from.y - 2) } else { (from.bottom(), from.bottom() + 3) };
            (vec![(from.x + 10, out), (from.x + 10, level)], (x - 4, level))
        }
    }
}

/// The band of pairs, over the whole width.
pub(super) fn band(out: &mut Layout, shape: &Shape, y: i32) {
    let x = PAD;
    let w = out.width - 2 * PAD;
    let count = shape.accounts.len() as i32;
    // On a tablet one row, which is still to be seen above the sheet.
    let (least, gap) = if out.flow == Flow::Medium { (104, 8) } else { (156, 14) };
    let columns = (w / least).clamp(1, count.max(1));
    let top = 28;
    let pair_w = (w - 24) / columns;
    let rows = (count + columns - 1) / columns;
    out.pairs = (0..count).map(|i| Rect::new(x + 12 + (i % columns) * pair_w, y + top + (i / columns) * 56, pair_w - gap, 52)).collect();
    out.band = Rect::new(x, y, w, top + 4 + rows.max(1) * 56);
}

/// The way of a flight.
pub(super) fn path(layout: &Layout, route: Route, scene: &Scene) -> Option<Path> {
    let rect = |thing| layout.rect(thing);
    let rails = layout.rails;
    Some(match route {
        Route::Command => {
            let (client, api) = (rect(Thing::Client)?, rect(Thing::Api)?);
            Path::through(&[(client.right(), api.cy()), (api.x, api.cy())])
        }
        Route::Completion => {
            let (client, query) = (rect(Thing::Client)?, rect(Thing::QueryApi)?);
            let (x, y) = (rails.query_x + 14, query.cy() - 8);
            Path::through(&[(x, client.bottom()), (x, y), (query.x, y)])
        }
        Route::WriteDb => {
            let (api, db) = (rect(Thing::Api)?, store(layout)?);
            let (from, to) = (api.cy(), db.cy() - 8);
            Path::through(&[(api.right(), from), (rails.write_x, from), (rails.write_x, to), (db.right(), to)])
        }
        Route::Relay => {
            let (relay, db) = (rect(Thing::Relay)?, store(layout)?);
            let (from, to) = (relay.cy() - 8, db.cy() + 10);
            Path::through(&[(relay.right(), from), (rails.write_x, from), (rails.write_x, to), (db.right(), to)])
        }
        Route::Produce { from, topic, partition } => produce(layout, scene, from, topic, partition)?,
        Route::Replication { from, to } => {
            let (from, to) = (rect(Thing::Broker(from))?, rect(Thing::Broker(to))?);
            let below = from.bottom() + 9;
            Path::through(&[(from.cx() - 6, from.bottom()), (from.cx() - 6, below), (to.cx() + 6, below), (to.cx() + 6, to.bottom())])
        }
        Route::Fetch { consumer, topic, partition } => fetch(layout, consumer, topic, partition)?,
        Route::Commit { consumer, topic, partition } => commit(layout, scene, consumer, topic, partition)?,
        Route::Broker { from, broker } => to_broker(layout, from, broker)?,
        Route::Apply { consumer } => {
            let from = rect(Thing::Consumer(consumer))?;
            let group = group_of(scene, consumer)?;
            let number = scene.projections.iter().position(|p| p.group as usize == group)?;
            let to = rect(Thing::Projection(number as u32))?;
            Path::level_curve((from.right(), from.cy()), (to.x, from.cy().clamp(to.y + 10, to.bottom() - 10)))
        }
        Route::InProcess { projection } => in_process(rect(Thing::Api)?, rect(Thing::Projection(projection))?, rails.read_x),
        Route::Query => {
            let (client, query) = (rect(Thing::Client)?, rect(Thing::QueryApi)?);
            let y = query.cy() + 8;
            Path::through(&[(rails.query_x, client.bottom()), (rails.query_x, y), (query.x, y)])
        }
        Route::ReadDb => {
            let (query, model) = (rect(Thing::QueryApi)?, rect(Thing::Projection(0))?);
            let y = model.cy();
            if let Some((x, gap_y)) = rails.read_gap {
                let from = query.cy();
                return Some(Path::through(&[
                    (query.right(), from),
                    (x, from),
                    (x, gap_y),
                    (rails.read_x, gap_y),
                    (rails.read_x, y),
                    (model.right(), y),
                ]));
            }
            Path::through(&[(query.right(), query.cy()), (rails.read_x, query.cy()), (rails.read_x, y), (model.right(), y)])
        }
    })
}

fn fetch(layout: &Layout, consumer: u32, topic: u32, partition: u32) -> Option<Path> {
    let from = layout.rect(Thing::Consumer(consumer))?;
    let Some(lane) = layout.lane(topic, partition) else { return topic_way(layout, from, topic) };
    let (round, edge) = to_edge(layout, from, consumer, true);
    Some(Path::through(&round).then(Path::level_curve(edge, (lane.cells_right() + 5, lane.cells_y + lane.cell_h / 2))))
}

fn commit(layout: &Layout, scene: &Scene, consumer: u32, topic: u32, partition: u32) -> Option<Path> {
    let from = layout.rect(Thing::Consumer(consumer))?;
    let Some(lane) = layout.lane(topic, partition) else { return topic_way(layout, from, topic) };
    let row = group_of(scene, consumer).unwrap_or(0).min(3) as i32;
    let y = lane.marks_y + row * lane.marks_h + lane.marks_h / 2;
    Some(Path::level_curve((from.x, from.cy() + 6), (lane.cells_right() + 3, y)))
}

/// From the API over everything to the right edge and down to a read model.
fn in_process(api: Rect, to: Rect, right: i32) -> Path {
    let (above, x) = (api.y - 5, api.right() - 14);
    Path::through(&[(x, api.y), (x, above), (right, above), (right, to.cy() - 8), (to.right(), to.cy() - 8)])
}

/// What the write side's rail leads to.
fn store(layout: &Layout) -> Option<Rect> {
    layout.rect(Thing::Outbox).or_else(|| layout.rect(Thing::WriteDb))
}

fn produce(layout: &Layout, scene: &Scene, from: Source, topic: u32, partition: u32) -> Option<Path> {
    let source = layout.source(from)?;
    if let Source::Consumer(_) = from {
        return match layout.lane(topic, partition) {
            Some(lane) => Some(Path::level_curve((source.x, source.cy()), (lane.cells_right() + 5, lane.cells_y))),
            None => topic_way(layout, source, topic),
        };
    }
    let y = source.cy() + if from == Source::Relay { 8 } else { 0 };
    let x = layout.rails.produce_x;
    if let Some((end, lane)) = layout.log_end(scene, topic, partition) {
        let top = lane.cells_y - 5;
        return Some(Path::through(&[(source.right(), y), (x, y), (x, top), (end, top), (end, lane.cells_y)]));
    }
    let to = layout.rect(Thing::Topic(topic))?;
    Some(Path::through(&[(source.right(), y), (x, y), (x, to.cy()), (to.x, to.cy())]))
}

/// From a consumer to a topic that has a box, not lanes.
fn topic_way(layout: &Layout, from: Rect, topic: u32) -> Option<Path> {
    let to = layout.rect(Thing::Topic(topic))?;
    Some(Path::level_curve((from.x, from.cy() + 12), (to.right(), to.cy())))
}

fn to_broker(layout: &Layout, from: Source, broker: u32) -> Option<Path> {
    let (source, to) = (layout.source(from)?, layout.rect(Thing::Broker(broker))?);
    let above = to.y - 7;
    Some(match from {
        Source::Consumer(consumer) => {
            let x = layout.rails.broker_x;
            let (mut way, edge) = to_edge(layout, source, consumer, false);
            way.extend([edge, (x, edge.1), (x, above), (to.cx() + 8, above), (to.cx() + 8, to.y)]);
            Path::through(&way)
        }
        Source::Api | Source::Relay | Source::Producer(_) => {
            let x = layout.rails.produce_x;
            Path::through(&[(source.right(), source.cy() + 8), (x, source.cy() + 8), (x, above), (to.cx() - 8, above), (to.cx() - 8, to.y)])
        }
    })
}
