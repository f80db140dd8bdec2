//! The chain top to bottom, below 600 px. Has never heard of wide screens.

use crate::player::Thing;

use super::layout::{LaneBox, Layout, Placed, Rails, Rect, Shape, group_of};
use super::path::{Path, Route, Source};
use super::wide::legend_height;
use super::{Header, Scene};

/// Left and right of everything; the rails run in it.
const SIDE: i32 = 24;
const GAP: i32 = 12;

/// The layout of a shape.
pub(super) fn layout(shape: &Shape, width: i32) -> Layout {
    let mut out = Layout { width, ..Layout::default() };
    let w = width - 2 * SIDE;
    out.rails = Rails { write_x: width - 10, produce_x: 17, broker_x: 17, read_x: width - 10, query_x: 5, read_gap: None };
    let y = if shape.bank { write_side(&mut out, shape, w) } else { 0 };
    if let Some(app) = shape.application.filter(|_| shape.lanes.is_empty()) {
        out.height = application(&mut out, w, app) + 10;
        return out;
    }
    let y = producers(&mut out, shape, w, y);
    let y = log(&mut out, shape, w, y + 10);
    let y = read_side(&mut out, shape, w, y + 10);
    if !shape.bank {
        out.height = y + 10;
        return out;
    }
    let query = Rect::new(SIDE, y + 12, w, 52);
    out.boxes.push(Placed { thing: Thing::QueryApi, rect: query });
    out.height = query.bottom() + 14;
    out
}

/// The band of pairs from `top` on, within the rails; gives its bottom. It stands where the accounts are, so that a phone's first
/// screen shows both models: below the read side nobody would see what a fault does to them.
fn band(out: &mut Layout, shape: &Shape, w: i32, top: i32) -> i32 {
    let count = shape.accounts.len() as i32;
    let columns = (w / 100).clamp(2, 6).min(count.max(1));
    let pair_w = (w - 14) / columns;
    let at = |i: i32| Rect::new(SIDE + 7 + (i % columns) * pair_w, top + 28 + (i / columns) * 54, pair_w - 6, 52);
    out.pairs = (0..count).map(at).collect();
    out.band = Rect::new(SIDE, top, w, 32 + ((count + columns - 1) / columns).max(1) * 54);
    out.band.bottom()
}

/// The producers of a script, side by side.
fn producers(out: &mut Layout, shape: &Shape, w: i32, top: i32) -> i32 {
    if shape.producers.is_empty() {
        return top;
    }
    out.headers.push((Header::Producers, Rect::new(SIDE, top + 6, w, 18)));
    let row = Rect::new(SIDE, top + 28, w, 54);
    row_of(out, shape.producers.iter().map(|p| Thing::Producer(*p)), row, if w >= 520 { 4 } else { 2 })
}

/// An application that consumes within its own process: service, listeners, tables, one below the other.
fn application(out: &mut Layout, w: i32, (beans, tables): (u32, u32)) -> i32 {
    let mut y = 6;
    let mut part = |header, thing: fn(u32) -> Thing, count: u32, h: i32| {
        out.headers.push((header, Rect::new(SIDE, y, w, 18)));
        y += 24;
        for number in 0..count {
            out.boxes.push(Placed { thing: thing(number), rect: Rect::new(SIDE, y, w, h) });
            y += h + 8;
        }
        y
    };
    part(Header::Service, |_| Thing::Service, 1, 64);
    part(Header::Listeners, Thing::Bean, beans, 64);
    part(Header::Tables, Thing::Table, tables, 64)
}

fn write_side(out: &mut Layout, shape: &Shape, w: i32) -> i32 {
    out.headers.push((Header::WriteSide, Rect::new(SIDE, 6, w, 18)));
    let client_w = (w * 3 / 10).max(92);
    let api_x = SIDE + client_w + 26;
    let api_w = w - client_w - 26;
    let mut place = |thing, x, y, w, h| out.boxes.push(Placed { thing, rect: Rect::new(x, y, w, h) });
    // Each with room for its last line, which comes when something is wrong.
    place(Thing::Client, SIDE, 26, client_w, 104);
    place(Thing::Api, api_x, 26, api_w, 38);
    place(Thing::Handler, api_x, 26 + 38 + 6, api_w, 60);
    let y = band(out, shape, w, 26 + 104 + 10) + GAP;
    let mut place = |thing, x, y, w, h| out.boxes.push(Placed { thing, rect: Rect::new(x, y, w, h) });
    if !shape.relay {
        place(Thing::WriteDb, SIDE, y, w, 40);
        return y + 40;
    }
    // The outbox says most: how many rows wait.
    let (db_w, relay_w) = ((w * 24 / 100).max(70), w * 34 / 100);
    place(Thing::WriteDb, SIDE, y, db_w, 50);
    place(Thing::Outbox, SIDE + db_w + 6, y, w - db_w - relay_w - 24, 50);
    place(Thing::Relay, SIDE + w - relay_w, y, relay_w, 50);
    y + 50
}

fn log(out: &mut Layout, shape: &Shape, w: i32, top: i32) -> i32 {
    out.headers.push((Header::Log, Rect::new(SIDE, top + 8, w, 18)));
    let mut y = top + 28;
    let cell_w = 6 + 7 * shape.digits.max(2) as i32;
    let rows = shape.groups.len().clamp(1, 4) as i32;
    let (label_h, cell_h, marks_h) = (14, 24, 12);
    for &(topic, partition) in &shape.lanes {
        let older_x = SIDE + 28;
        let cells_x = older_x + 38;
        let cells = ((SIDE + w - 10 - cells_x) / cell_w).max(1);
        let marks_y = y + label_h + cell_h + 2;
        let h = label_h + cell_h + 2 + rows * marks_h;
        let rect = Rect::new(SIDE, y, w, h);
        let cells_y = y + label_h;
        out.lanes.push(LaneBox { topic, partition, rect, older_x, cells_x, cells_y, cell_w, cell_h, cells, marks_y, marks_h });
        out.boxes.push(Placed { thing: Thing::Partition { topic, partition }, rect });
        y += h + 4;
    }
    out.legend = Rect::new(SIDE, y + 2, w, legend_height(shape, w));
    y = out.legend.bottom() + 6;
    y = row_of(out, shape.side_topics.iter().map(|t| Thing::Topic(*t)), Rect::new(SIDE, y, w, 42), if w >= 520 { 4 } else { 2 });
    row_of(out, shape.brokers.iter().map(|b| Thing::Broker(*b)), Rect::new(SIDE, y, w, 38), if w >= 520 { 6 } else { 3 })
}

/// Puts things side by side, `per_row` in a row; gives the bottom with a gap below, or the top if there are none.
fn row_of(out: &mut Layout, things: impl ExactSizeIterator<Item = Thing>, row: Rect, per_row: i32) -> i32 {
    let count = things.len() as i32;
    let columns = count.min(per_row).max(1);
    let w = (row.w - (columns - 1) * 8) / columns;
    for (i, thing) in things.enumerate() {
        let (column, line) = (i as i32 % columns, i as i32 / columns);
        let rect = Rect::new(row.x + column * (w + 8), row.y + line * (row.h + GAP), w, row.h);
        out.boxes.push(Placed { thing, rect });
    }
    row.y + (count + columns - 1) / columns * (row.h + GAP)
}

fn read_side(out: &mut Layout, shape: &Shape, w: i32, top: i32) -> i32 {
    out.headers.push((Header::ReadSide, Rect::new(SIDE, top + 8, w, 18)));
    let top = top + 34;
    let columns = if shape.groups.len() >= 2 && w >= 270 { 2 } else { 1 };
    let column_w = (w - (columns - 1) * 16) / columns;
    let mut ends = [top, top];
    for (index, (consumers, projection)) in shape.groups.iter().enumerate() {
        // Below the first read model the query goes its way: what has no read model stands in the other column.
        let column = if projection.is_none() && shape.bank { columns as usize - 1 } else { index % columns as usize };
        let x = SIDE + column as i32 * (column_w + 16);
        let mut y = ends[column];
        out.boxes.push(Placed { thing: Thing::Group(index as u32), rect: Rect::new(x, y, column_w, 34) });
        y += 38;
        for consumer in consumers {
            out.boxes.push(Placed { thing: Thing::Consumer(*consumer), rect: Rect::new(x, y, column_w, 42) });
            y += 42 + 7;
        }
        if let Some((number, rows)) = projection {
            let h = (54 + 17 * (*rows).min(4) as i32).max(72);
            out.boxes.push(Placed { thing: Thing::Projection(*number), rect: Rect::new(x, y + 4, column_w, h) });
            y += h + 8;
        }
        ends[column] = y + 12;
    }
    ends[0].max(ends[1])
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
            let (x, y) = (rails.query_x + 6, client.bottom() - 30);
            Path::through(&[(client.x, y), (x, y), (x, query.cy() - 8), (query.x, query.cy() - 8)])
        }
        Route::WriteDb => {
            let (api, db) = (rect(Thing::Api)?, rect(Thing::WriteDb)?);
            let (x, above) = (rails.write_x, db.y - 6);
            Path::through(&[(api.right(), api.cy()), (x, api.cy()), (x, above), (db.cx(), above), (db.cx(), db.y)])
        }
        Route::Relay => {
            let (relay, outbox) = (rect(Thing::Relay)?, rect(Thing::Outbox)?);
            if relay.y == outbox.y {
                Path::through(&[(relay.x, relay.cy()), (outbox.right(), relay.cy())])
            } else {
                Path::through(&[(outbox.cx(), relay.y), (outbox.cx(), outbox.bottom())])
            }
        }
        Route::Produce { from, topic, partition } => produce(layout, scene, from, topic, partition)?,
        Route::Replication { from, to } => {
            let (from, to) = (rect(Thing::Broker(from))?, rect(Thing::Broker(to))?);
            let below = from.bottom() + 7;
            Path::through(&[(from.cx() - 6, from.bottom()), (from.cx() - 6, below), (to.cx() + 6, below), (to.cx() + 6, to.bottom())])
        }
        Route::Fetch { consumer, topic, partition } => match layout.lane(topic, partition) {
            Some(lane) => from_lane(layout, consumer, lane.cells_y + lane.cell_h / 2, lane.cells_right() + 5)?,
            None => from_topic(layout, consumer, topic)?,
        },
        Route::Commit { consumer, topic, partition } => match layout.lane(topic, partition) {
            Some(lane) => {
                let row = group_of(scene, consumer).unwrap_or(0).min(3) as i32;
                from_lane(layout, consumer, lane.marks_y + row * lane.marks_h + lane.marks_h / 2, lane.cells_right() + 3)?
            }
            None => from_topic(layout, consumer, topic)?,
        },
        Route::Broker { from, broker } => to_broker(layout, from, broker)?,
        Route::Apply { consumer } => {
            let from = rect(Thing::Consumer(consumer))?;
            let group = group_of(scene, consumer)?;
            let number = scene.projections.iter().position(|p| p.group as usize == group)?;
            let to = rect(Thing::Projection(number as u32))?;
            let x = from.x - 5;
            Path::through(&[(from.x, from.cy() + 8), (x, from.cy() + 8), (x, to.y + 14), (to.x, to.y + 14)])
        }
        Route::InProcess { projection } => {
            let (api, to) = (rect(Thing::Api)?, rect(Thing::Projection(projection))?);
            let x = rails.read_x;
            Path::through(&[(api.right(), api.cy()), (x, api.cy()), (x, to.y + 14), (to.right(), to.y + 14)])
        }
        Route::Query => {
            let (client, query) = (rect(Thing::Client)?, rect(Thing::QueryApi)?);
            let y = client.bottom() - 16;
            Path::through(&[(client.x, y), (rails.query_x, y), (rails.query_x, query.cy() + 8), (query.x, query.cy() + 8)])
        }
        Route::ReadDb => {
            let (query, model) = (rect(Thing::QueryApi)?, rect(Thing::Projection(0))?);
            Path::through(&[(model.cx(), query.y), (model.cx(), model.bottom())])
        }
    })
}

/// From a consumer's right edge up beside the log to a lane's end.
fn from_lane(layout: &Layout, consumer: u32, y: i32, lane_x: i32) -> Option<Path> {
    let from = layout.rect(Thing::Consumer(consumer))?;
    let top = layout.boxes.iter().find(|b| matches!(b.thing, Thing::Group(_)))?.rect.y - 7;
    let (rail, beside) = (layout.rails.read_x, from.right() + 6);
    let right_column = from.right() + 24 > layout.width;
    Some(if right_column {
        Path::through(&[(from.right(), from.cy() - 6), (rail, from.cy() - 6), (rail, y), (lane_x, y)])
    } else {
        Path::through(&[(from.right(), from.cy() - 6), (beside, from.cy() - 6), (beside, top), (rail, top), (rail, y), (lane_x, y)])
    })
}

fn from_topic(layout: &Layout, consumer: u32, topic: u32) -> Option<Path> {
    let to = layout.rect(Thing::Topic(topic))?;
    from_lane(layout, consumer, to.cy(), to.right())
}

fn produce(layout: &Layout, scene: &Scene, from: Source, topic: u32, partition: u32) -> Option<Path> {
    let source = layout.source(from)?;
    let x = layout.rails.produce_x;
    let Some((end, lane)) = layout.log_end(scene, topic, partition) else {
        let to = layout.rect(Thing::Topic(topic))?;
        return Some(match from {
            Source::Consumer(id) => from_topic(layout, id, topic)?,
            Source::Api | Source::Relay | Source::Producer(_) => {
                Path::through(&[(source.x, source.cy()), (x, source.cy()), (x, to.cy()), (to.x, to.cy())])
            }
        });
    };
    let top = lane.cells_y - 5;
    let tail = [(x, top), (end, top), (end, lane.cells_y)];
    let head = match from {
        Source::Relay => {
            let below = source.bottom() + 7;
            vec![(source.cx(), source.bottom()), (source.cx(), below), (x, below)]
        }
        Source::Api => {
            let (beside, below) = (source.x - 12, layout.rect(Thing::Handler)?.bottom() + 6);
            vec![(source.x, source.bottom() - 4), (beside, source.bottom() - 4), (beside, below), (x, below)]
        }
        Source::Producer(_) => {
            let below = source.bottom() + 6;
            vec![(source.cx(), source.bottom()), (source.cx(), below), (x, below)]
        }
        Source::Consumer(id) => return from_lane(layout, id, lane.cells_y + 2, lane.cells_right() + 5),
    };
    Some(Path::through(&[&head[..], &tail[..]].concat()))
}

fn to_broker(layout: &Layout, from: Source, broker: u32) -> Option<Path> {
    let (source, to) = (layout.source(from)?, layout.rect(Thing::Broker(broker))?);
    let x = layout.rails.broker_x;
    let above = to.y - 5;
    let y = source.bottom() - 9;
    Some(Path::through(&[(source.x, y), (x, y), (x, above), (to.cx() + 8, above), (to.cx() + 8, to.y)]))
}
