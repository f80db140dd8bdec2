//! Where each thing stands: boxes in whole pixels, from what there is and how wide the stage is. Does not know what the
//! things say.

use crate::fault::Link;
use crate::player::Thing;

use super::path::Source;
use super::{ConsumerDuty, LaneView, Path, Route, Scene, TopicRole, medium, narrow, wide};

/// From this width on the chain runs left to right in five columns.
pub const WIDE_FROM: i32 = 860;
/// From this width on it runs left to right in three.
pub const MEDIUM_FROM: i32 = 600;
/// How many lanes are drawn; what is beyond is a line that says so.
pub const LANES_MAX: usize = 16;
/// How many accounts are drawn.
pub const ACCOUNTS_MAX: usize = 6;

/// A rectangle in whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rect {
    /// Left.
    pub x: i32,
    /// Top.
    pub y: i32,
    /// Width.
    pub w: i32,
    /// Height.
    pub h: i32,
}

impl Rect {
    /// A rectangle.
    pub const fn new(x: i32, y: i32, w: i32, h: i32) -> Rect {
        Rect { x, y, w, h }
    }

    /// One past the right edge.
    pub const fn right(self) -> i32 {
        self.x + self.w
    }

    /// One past the bottom edge.
    pub const fn bottom(self) -> i32 {
        self.y + self.h
    }

    /// The middle, across.
    pub const fn cx(self) -> i32 {
        self.x + self.w / 2
    }

    /// The middle, down.
    pub const fn cy(self) -> i32 {
        self.y + self.h / 2
    }

    /// Whether the two have a pixel in common.
    pub const fn overlaps(self, other: Rect) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }
}

/// A thing and its rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The thing.
    pub thing: Thing,
    /// Where it stands.
    pub rect: Rect,
}

/// A heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// Over the clients.
    Client,
    /// Over the producers of a script.
    Producers,
    /// Over the service of an application.
    Service,
    /// Over its listeners.
    Listeners,
    /// Over its tables.
    Tables,
    /// Over API, handler, accounts, database and relay.
    WriteSide,
    /// Over the lanes.
    Log,
    /// Over consumers and read models.
    ReadSide,
}

/// Where a partition's lane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LaneBox {
    /// The topic's number.
    pub topic: u32,
    /// The partition.
    pub partition: u32,
    /// The whole lane.
    pub rect: Rect,
    /// Left edge of the band that stands for older records.
    pub older_x: i32,
    /// Left edge of the first cell.
    pub cells_x: i32,
    /// Top of the cells.
    pub cells_y: i32,
    /// Width of a cell, gap included.
    pub cell_w: i32,
    /// Height of a cell.
    pub cell_h: i32,
    /// How many cells there is room for.
    pub cells: i32,
    /// Top of the first row of marks.
    pub marks_y: i32,
    /// Height of a row of marks.
    pub marks_h: i32,
}

impl LaneBox {
    /// The first offset that has a cell; older ones are in the band.
    pub fn first_cell(&self, lane: &LaneView) -> u64 {
        lane.log_end.saturating_sub(self.cells.max(0) as u64).max(lane.log_start)
    }

    /// One past the right edge of the last cell.
    pub fn cells_right(&self) -> i32 {
        self.cells_x + self.cells * self.cell_w
    }

    /// The left edge of `offset`: in the cells, or in the band of older records in proportion.
    pub fn x_of(&self, lane: &LaneView, offset: u64) -> i32 {
        let first = self.first_cell(lane);
        if offset >= first {
            let cell = (offset - first).min(self.cells.max(0) as u64);
            return self.cells_x + cell as i32 * self.cell_w;
        }
        let band = (self.cells_x - self.older_x - 4).max(0) as u64;
        let span = (first - lane.log_start).max(1);
        let into = offset.saturating_sub(lane.log_start);
        self.older_x + (u128::from(into) * u128::from(band) / u128::from(span)) as i32
    }
}

/// A group's consumer numbers and, if a projection belongs to it, that one's index and count of rows.
pub type GroupShape = (Vec<u32>, Option<(u32, u32)>);

/// What decides where things stand. Two scenes of one shape have one layout.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape {
    /// Whether there is a bank; without it there are only the log and its consumers.
    pub bank: bool,
    /// Account numbers to draw.
    pub accounts: Vec<u32>,
    /// Whether there is a relay (and so an outbox).
    pub relay: bool,
    /// Whether there are marks of transactions, which the legend then explains.
    pub transactions: bool,
    /// Partitions of the topic with the events: topic, partition.
    pub lanes: Vec<(u32, u32)>,
    /// The other topics.
    pub side_topics: Vec<u32>,
    /// Decimal digits of the largest offset.
    pub digits: u32,
    /// Broker ids.
    pub brokers: Vec<u32>,
    /// Producers of a script.
    pub producers: Vec<u32>,
    /// The application of a script: how many listeners and tables it has.
    pub application: Option<(u32, u32)>,
    /// By group: consumer numbers, and whether a projection belongs to it: its index and its count of rows.
    pub groups: Vec<GroupShape>,
}

impl Shape {
    /// The shape of a scene.
    pub fn of(scene: &Scene) -> Shape {
        let (events, side): (Vec<_>, Vec<_>) = scene.topics.iter().partition(|t| t.role == TopicRole::Events);
        let lanes = events.iter().flat_map(|t| t.lanes.iter().map(|l| (t.id, l.partition))).take(LANES_MAX).collect();
        let log_end = scene.topics.iter().flat_map(|t| &t.lanes).map(|l| l.log_end).max().unwrap_or(0);
        let group = |index: usize| {
            let projection = scene.projections.iter().position(|p| p.group as usize == index);
            let consumers = scene.groups[index].consumers.iter().map(|c| c.id).collect();
            (consumers, projection.map(|p| (p as u32, scene.projections[p].rows.len() as u32)))
        };
        Shape {
            accounts: scene.accounts.iter().take(ACCOUNTS_MAX).map(|a| a.id).collect(),
            bank: scene.bank,
            relay: scene.relay.is_some(),
            transactions: scene.transactions(),
            lanes,
            side_topics: side.iter().map(|t| t.id).collect(),
            digits: digits(log_end.saturating_sub(1)).max(2),
            brokers: scene.brokers.iter().map(|b| b.id).collect(),
            producers: scene.producers.iter().map(|p| p.id).collect(),
            application: scene.application.as_ref().map(|app| (app.beans.len() as u32, app.tables.len() as u32)),
            groups: (0..scene.groups.len()).map(group).collect(),
        }
    }
}

/// Decimal digits of a number.
fn digits(mut n: u64) -> u32 {
    let mut count = 1;
    while n > 9 {
        n /= 10;
        count += 1;
    }
    count
}

/// How the chain runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// Top to bottom.
    #[default]
    Narrow,
    /// Left to right in three columns.
    Medium,
    /// Left to right in five columns.
    Wide,
}

/// Where each thing stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// How the chain runs.
    pub flow: Flow,
    /// The stage's width.
    pub width: i32,
    /// The stage's height.
    pub height: i32,
    /// Everything that can be selected and has a box.
    pub boxes: Vec<Placed>,
    /// Headings.
    pub headers: Vec<(Header, Rect)>,
    /// Lines between the columns, as x.
    pub dividers: Vec<i32>,
    /// The lanes.
    pub lanes: Vec<LaneBox>,
    /// The explanation of the marks.
    pub legend: Rect,
    /// The band where write model and read model stand side by side.
    pub band: Rect,
    /// In it, by account.
    pub pairs: Vec<Rect>,
    /// Upright and level lines that ways run along.
    pub rails: Rails,
}

/// Lines that several ways share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rails {
    /// Beside the write side: API, database and relay.
    pub write_x: i32,
    /// Before the lanes: producers.
    pub produce_x: i32,
    /// Behind the lanes: what consumers ask of brokers.
    pub broker_x: i32,
    /// The query's way back, at the outer edge of the read side.
    pub read_x: i32,
    /// The query's way to the client.
    pub query_x: i32,
    /// Where read models and query API have consumers between them: the way up beside the lanes, and the gap between two groups.
    pub read_gap: Option<(i32, i32)>,
}

impl Layout {
    /// The layout of a shape at a width.
    pub fn of(shape: &Shape, width: i32) -> Layout {
        match width {
            // Without a bank there is no more than the log and its consumers: two columns.
            _ if width >= WIDE_FROM || width >= MEDIUM_FROM && !shape.bank => wide::layout(shape, width),
            _ if width >= MEDIUM_FROM => medium::layout(shape, width),
            _ => narrow::layout(shape, width.max(280)),
        }
    }

    /// Moves everything down.
    pub(super) fn shift(&mut self, by: i32) {
        let boxes = self.boxes.iter_mut().map(|b| &mut b.rect.y);
        let headers = self.headers.iter_mut().map(|(_, rect)| &mut rect.y);
        let lanes = self.lanes.iter_mut().flat_map(|l| [&mut l.rect.y, &mut l.cells_y, &mut l.marks_y]);
        let pairs = self.pairs.iter_mut().map(|rect| &mut rect.y);
        for y in boxes.chain(headers).chain(lanes).chain(pairs).chain([&mut self.legend.y, &mut self.band.y, &mut self.height]) {
            *y += by;
        }
    }

    /// Where a thing stands.
    pub fn rect(&self, thing: Thing) -> Option<Rect> {
        self.boxes.iter().find(|b| b.thing == thing).map(|b| b.rect)
    }

    /// The lane of a partition.
    pub fn lane(&self, topic: u32, partition: u32) -> Option<&LaneBox> {
        self.lanes.iter().find(|l| l.topic == topic && l.partition == partition)
    }

    /// The way of a flight; `None` if one of its ends is not drawn.
    pub fn path(&self, route: Route, scene: &Scene) -> Option<Path> {
        match self.flow {
            Flow::Wide => wide::path(self, route, scene),
            Flow::Medium => medium::path(self, route, scene),
            Flow::Narrow => narrow::path(self, route, scene),
        }
    }

    /// The box of a source of records.
    pub(super) fn source(&self, source: Source) -> Option<Rect> {
        match source {
            Source::Api => self.rect(Thing::Api),
            Source::Relay => self.rect(Thing::Relay),
            Source::Consumer(id) => self.rect(Thing::Consumer(id)),
            Source::Producer(id) => self.rect(Thing::Producer(id)),
        }
    }

    /// Where the next record of a partition will lie: the top of the lane's end.
    pub(super) fn log_end(&self, scene: &Scene, topic: u32, partition: u32) -> Option<(i32, LaneBox)> {
        let at = *self.lane(topic, partition)?;
        let lane = lane_view(scene, topic, partition)?;
        Some((at.x_of(lane, lane.log_end).min(at.cells_right()), at))
    }

    /// A way that stands for a link as a whole, to put the link's handle on, and where on it.
    pub fn handle(&self, link: Link, scene: &Scene) -> Option<super::Point> {
        let route = self.standing(scene).into_iter().find(|r| r.link() == link)?;
        let at = match link {
            Link::Produce => 0.12,
            Link::ClientQuery | Link::QueryReadDb => 0.4,
            _ => 0.5,
        };
        self.path(route, scene)?.at(at)
    }

    /// The ways that are drawn whether or not anything is on them.
    pub fn standing(&self, scene: &Scene) -> Vec<Route> {
        let mut routes = Vec::new();
        if scene.bank {
            routes.extend([Route::Command, Route::Completion, Route::WriteDb]);
        }
        if scene.in_process.is_some() {
            routes.extend((0..scene.projections.len() as u32).map(|projection| Route::InProcess { projection }));
        }
        let from = if scene.relay.is_some() { Source::Relay } else { Source::Api };
        if scene.relay.is_some() {
            routes.push(Route::Relay);
        }
        // Without a log nothing is produced: that way is not drawn.
        if scene.bank && scene.in_process.is_none() {
            routes.extend(self.lanes.iter().map(|l| Route::Produce { from, topic: l.topic, partition: l.partition }));
        }
        for producer in scene.producers.iter().map(|p| Source::Producer(p.id)) {
            routes.extend(scene.brokers.last().map(|broker| Route::Broker { from: producer, broker: broker.id }));
            routes.extend(self.lanes.iter().map(|l| Route::Produce { from: producer, topic: l.topic, partition: l.partition }));
        }
        routes.extend(scene.brokers.windows(2).map(|pair| Route::Replication { from: pair[1].id, to: pair[0].id }));
        for consumer in scene.groups.iter().flat_map(|g| &g.consumers) {
            let id = consumer.id;
            routes.extend(consumer.assigned.iter().map(|&(topic, partition)| Route::Fetch { consumer: id, topic, partition }));
            if scene.bank && consumer.duty == ConsumerDuty::Main {
                routes.push(Route::Apply { consumer: id });
            }
            if let Some(broker) = scene.brokers.last() {
                routes.push(Route::Broker { from: Source::Consumer(id), broker: broker.id });
            }
        }
        if scene.bank {
            routes.extend([Route::Query, Route::ReadDb]);
        }
        routes
    }
}

/// The partition's view in a scene.
pub(super) fn lane_view(scene: &Scene, topic: u32, partition: u32) -> Option<&LaneView> {
    scene.topics.iter().find(|t| t.id == topic)?.lanes.iter().find(|l| l.partition == partition)
}

/// The index of the group that a consumer belongs to.
pub(super) fn group_of(scene: &Scene, consumer: u32) -> Option<usize> {
    scene.groups.iter().position(|g| g.consumers.iter().any(|c| c.id == consumer))
}
