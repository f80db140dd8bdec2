//! The chain left to right where there is room for three columns but not for five: clients stand over the write side, each
//! read model under its consumers. Has never heard of the other two layouts' screens.

use crate::player::Thing;

use super::layout::{Flow, Layout, Placed, Rails, Rect, Shape, group_of};
use super::path::{Path, Route};
use super::{Header, Scene, wide};

const TOP: i32 = 34;
/// Where the band with both models begins.
const BAND_Y: i32 = 6;
/// Left of everything: two rails for the query and for the news of completion.
const LEFT: i32 = 26;
/// Right of everything: the rail from consumers to their read models.
const RIGHT: i32 = 20;
/// Between two columns.
const BETWEEN: i32 = 34;

/// The columns: left edge and width.
struct Columns {
    write: (i32, i32),
    log: (i32, i32),
    read: (i32, i32),
}

fn columns(width: i32) -> Columns {
    let extra = width - super::layout::MEDIUM_FROM;
    let write = (LEFT, (152 + extra / 3).min(200));
    let read_w = (150 + extra / 4).min(204);
    let read = (width - RIGHT - read_w, read_w);
    let log_x = write.0 + write.1 + BETWEEN;
    Columns { write, log: (log_x, read.0 - BETWEEN - log_x), read }
}

/// The layout of a shape.
pub(super) fn layout(shape: &Shape, width: i32) -> Layout {
    let at = columns(width);
    let mut out = Layout { flow: Flow::Medium, width, ..Layout::default() };
    let client = Rect::new(at.write.0, TOP, at.write.1, 104);
    out.boxes.push(Placed { thing: Thing::Client, rect: client });
    // Room for a flight to be seen between the two.
    let write_end = wide::write_side(&mut out, shape, at.write, client.bottom() + 30);
    let log_end = wide::log(&mut out, shape, at.log);
    out.legend = Rect::new(at.log.0, log_end + 8, at.log.1, wide::legend_height(shape, at.log.1));
    let query = Rect::new(at.log.0, (out.legend.bottom() + 14).max(write_end + 14), at.log.1, 56);
    out.boxes.push(Placed { thing: Thing::QueryApi, rect: query });
    let read_end = read_side(&mut out, shape, at.read);
    out.rails = Rails {
        write_x: at.write.0 + at.write.1 + 10,
        produce_x: at.log.0 - 12,
        broker_x: at.log.0 + at.log.1 + 8,
        read_x: width - RIGHT + 9,
        query_x: 6,
        read_gap: None,
    };
    out.headers = vec![
        (Header::WriteSide, Rect::new(at.write.0, 12, at.write.1, 18)),
        (Header::Log, Rect::new(at.log.0, 12, at.log.1, 18)),
        (Header::ReadSide, Rect::new(at.read.0, 12, at.read.1, 18)),
    ];
    out.height = query.bottom().max(read_end) + 10;
    // A sheet or a bar of faults stands below the stage: what a fault does to the two models is seen above everything else.
    wide::band(&mut out, shape, 0);
    let (band, pairs) = (out.band, std::mem::take(&mut out.pairs));
    out.shift(band.h + BAND_Y);
    let down = |rect: Rect| Rect { y: rect.y + BAND_Y, ..rect };
    (out.band, out.pairs) = (down(band), pairs.into_iter().map(down).collect());
    out
}

/// By group: its heading, its consumers, its read model.
fn read_side(out: &mut Layout, shape: &Shape, (x, w): (i32, i32)) -> i32 {
    let mut y = TOP - 2;
    for (index, (consumers, projection)) in shape.groups.iter().enumerate() {
        out.boxes.push(Placed { thing: Thing::Group(index as u32), rect: Rect::new(x, y, w, 34) });
        y += 38;
        let h = if consumers.len() > 4 { 36 } else { 54 };
        for consumer in consumers {
            out.boxes.push(Placed { thing: Thing::Consumer(*consumer), rect: Rect::new(x, y, w, h) });
            y += h + 6;
        }
        if let Some((number, rows)) = projection {
            let h = (60 + 17 * (*rows).min(4) as i32).max(76);
            out.boxes.push(Placed { thing: Thing::Projection(*number), rect: Rect::new(x, y + 4, w, h) });
            y += h + 10;
        }
        y += 6;
    }
    y
}

/// The way of a flight.
pub(super) fn path(layout: &Layout, route: Route, scene: &Scene) -> Option<Path> {
    let rect = |thing| layout.rect(thing);
    let rails = layout.rails;
    Some(match route {
        Route::Command => {
            let (client, api) = (rect(Thing::Client)?, rect(Thing::Api)?);
            Path::through(&[(client.cx(), client.bottom()), (client.cx(), api.y)])
        }
        Route::Completion => {
            let (client, query) = (rect(Thing::Client)?, rect(Thing::QueryApi)?);
            let (x, from, to) = (rails.query_x + 9, client.cy() + 14, query.cy() - 8);
            Path::through(&[(client.x, from), (x, from), (x, to), (query.x, to)])
        }
        Route::Query => {
            let (client, query) = (rect(Thing::Client)?, rect(Thing::QueryApi)?);
            let (x, from, to) = (rails.query_x, client.cy() - 4, query.cy() + 8);
            Path::through(&[(client.x, from), (x, from), (x, to), (query.x, to)])
        }
        Route::ReadDb => {
            let (query, model) = (rect(Thing::QueryApi)?, rect(Thing::Projection(0))?);
            let (x, y) = (model.x - 9, model.bottom() - 16);
            Path::through(&[(query.right(), query.cy()), (x, query.cy()), (x, y), (model.x, y)])
        }
        Route::Apply { consumer } => {
            let from = rect(Thing::Consumer(consumer))?;
            let group = group_of(scene, consumer)?;
            let number = scene.projections.iter().position(|p| p.group as usize == group)?;
            let to = rect(Thing::Projection(number as u32))?;
            let y = to.y + 14;
            Path::through(&[(from.right(), from.cy()), (rails.read_x, from.cy()), (rails.read_x, y), (to.right(), y)])
        }
        // Above everything but the band: the lanes, which it has nothing to do with, stay free.
        Route::InProcess { projection } => {
            let (api, to) = (rect(Thing::Api)?, rect(Thing::Projection(projection))?);
            let (above, y) = (layout.band.bottom() + 4, to.cy() - 8);
            let (up, down) = (rails.write_x, rails.read_x);
            Path::through(&[(api.right(), api.cy()), (up, api.cy()), (up, above), (down, above), (down, y), (to.right(), y)])
        }
        _ => wide::path(layout, route, scene)?,
    })
}
