//! The ways that flights take, as lines with a length. Does not know what flies.

use crate::fault::Link;

/// A place on the stage, in CSS pixels from its top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// Who sends records to a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The API itself.
    Api,
    /// The relay.
    Relay,
    /// A listener container, by consumer number.
    Consumer(u32),
    /// A producer of a script, by its place in the world.
    Producer(u32),
}

/// The way of a flight, from the one who asks to the one who answers; an answer takes it backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// Client to API.
    Command,
    /// Client to API, for the news of completion.
    Completion,
    /// API to write database.
    WriteDb,
    /// Relay to write database.
    Relay,
    /// Producer to a partition.
    Produce {
        /// Who sends.
        from: Source,
        /// The topic's number.
        topic: u32,
        /// The partition.
        partition: u32,
    },
    /// Follower to leader.
    Replication {
        /// The follower.
        from: u32,
        /// The leader.
        to: u32,
    },
    /// Consumer to a partition, for records.
    Fetch {
        /// The consumer's number.
        consumer: u32,
        /// The topic's number.
        topic: u32,
        /// The partition.
        partition: u32,
    },
    /// Consumer to a partition's committed offset.
    Commit {
        /// The consumer's number.
        consumer: u32,
        /// The topic's number.
        topic: u32,
        /// The partition.
        partition: u32,
    },
    /// Anyone to a broker: a consumer's heartbeats, a producer's look-ups.
    Broker {
        /// Who asks.
        from: Source,
        /// The broker.
        broker: u32,
    },
    /// Consumer to the read model that it feeds.
    Apply {
        /// The consumer's number.
        consumer: u32,
    },
    /// API to the read model that a listener in its process writes.
    InProcess {
        /// The projection's number.
        projection: u32,
    },
    /// Client to query API.
    Query,
    /// Query API to read database.
    ReadDb,
}

impl Route {
    /// The link that this is a way of.
    pub fn link(self) -> Link {
        match self {
            Route::Command => Link::ClientApi,
            Route::Completion => Link::Completion,
            Route::WriteDb => Link::ApiWriteDb,
            Route::Relay => Link::RelayWriteDb,
            Route::Produce { .. } => Link::Produce,
            Route::Replication { .. } => Link::Replication,
            Route::Fetch { .. } => Link::Fetch,
            Route::Commit { .. } => Link::Coordination,
            Route::Broker { from: Source::Consumer(_), .. } => Link::Coordination,
            Route::Broker { .. } => Link::Produce,
            Route::Apply { .. } | Route::InProcess { .. } => Link::ListenerReadDb,
            Route::Query => Link::ClientQuery,
            Route::ReadDb => Link::QueryReadDb,
        }
    }
}

/// A line of straight pieces that knows its length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Path {
    points: Vec<Point>,
    /// By point: the length of the line up to it.
    lengths: Vec<f32>,
    curve: Option<[i32; 4]>,
    /// How many points lead to the curve.
    lead: usize,
}

/// How many straight pieces stand for one curve.
const CURVE_PIECES: u16 = 14;
/// The radius of a rounded corner, in pixels.
const CORNER: f32 = 7.0;

impl Path {
    /// A line through `corners`.
    pub fn through(corners: &[(i32, i32)]) -> Path {
        Path::of_points(corners.iter().map(|&(x, y)| Point { x: x as f32, y: y as f32 }).collect(), None)
    }

    /// A curve that leaves `a` and enters `b` level.
    pub fn level_curve(a: (i32, i32), b: (i32, i32)) -> Path {
        let (ax, ay, bx, by) = (a.0 as f32, a.1 as f32, b.0 as f32, b.1 as f32);
        let mid = (ax + bx) / 2.0;
        let points = (0..=CURVE_PIECES)
            .map(|i| {
                let t = f32::from(i) / f32::from(CURVE_PIECES);
                let u = 1.0 - t;
                let x = u * u * u * ax + 3.0 * u * u * t * mid + 3.0 * u * t * t * mid + t * t * t * bx;
                let y = (u * u * u + 3.0 * u * u * t) * ay + (3.0 * u * t * t + t * t * t) * by;
                Point { x, y }
            })
            .collect();
        Path::of_points(points, Some([a.0, a.1, b.0, b.1]))
    }

    fn of_points(points: Vec<Point>, curve: Option<[i32; 4]>) -> Path {
        let mut lengths = Vec::with_capacity(points.len());
        let mut length = 0.0;
        for (i, point) in points.iter().enumerate() {
            if let Some(before) = i.checked_sub(1).map(|b| points[b]) {
                length += distance(before, *point);
            }
            lengths.push(length);
        }
        Path { points, lengths, curve, lead: 0 }
    }

    /// This line, and from its end on the other one.
    pub fn then(self, other: Path) -> Path {
        let lead = self.points.len() + other.lead;
        Path { lead, ..Path::of_points([self.points, other.points].concat(), other.curve) }
    }

    /// The whole length in pixels.
    pub fn length(&self) -> f32 {
        self.lengths.last().copied().unwrap_or(0.0)
    }

    /// The place at `t` of the whole length; `t` is cut to `0..=1`. `None` for a line without points.
    pub fn at(&self, t: f32) -> Option<Point> {
        let goal = t.clamp(0.0, 1.0) * self.length();
        let next = self.lengths.iter().position(|l| *l >= goal).unwrap_or(self.points.len().saturating_sub(1));
        let Some(before) = next.checked_sub(1) else { return self.points.first().copied() };
        let (a, b) = (self.points[before], self.points[next]);
        let piece = self.lengths[next] - self.lengths[before];
        let part = if piece > 0.0 { (goal - self.lengths[before]) / piece } else { 0.0 };
        Some(Point { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part })
    }

    /// The points that the line goes through.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// How long the piece is level on which a place lies, in pixels: so wide may something be that stands there. 0 for an
    /// upright piece, which has boxes on both sides.
    pub fn level_at(&self, at: Point) -> f32 {
        let within = |a: f32, b: f32, at: f32| a.min(b) - 1.0 <= at && at <= a.max(b) + 1.0;
        let here = self.points.windows(2).find(|pair| within(pair[0].x, pair[1].x, at.x) && within(pair[0].y, pair[1].y, at.y));
        here.map_or(0.0, |pair| (pair[1].x - pair[0].x).abs())
    }

    /// The line as the `d` of an SVG path, in whole pixels, corners rounded.
    pub fn svg(&self) -> String {
        if let Some([ax, ay, bx, by]) = self.curve {
            let mid = (ax + bx) / 2;
            let lead: String = self.points[..self.lead].iter().map(|p| format!("{} {}L", p.x as i32, p.y as i32)).collect();
            return format!("M{lead}{ax} {ay}C{mid} {ay} {mid} {by} {bx} {by}");
        }
        let mut d = String::new();
        for (i, point) in self.points.iter().enumerate() {
            let (x, y) = (point.x as i32, point.y as i32);
            match (i.checked_sub(1).map(|b| self.points[b]), self.points.get(i + 1)) {
                (None, _) => d.push_str(&format!("M{x} {y}")),
                (Some(before), Some(after)) => {
                    let (enter, leave) = (toward(*point, before), toward(*point, *after));
                    d.push_str(&format!("L{} {}Q{x} {y} {} {}", enter.0, enter.1, leave.0, leave.1));
                }
                (Some(_), None) => d.push_str(&format!("L{x} {y}")),
            }
        }
        d
    }
}

fn distance(a: Point, b: Point) -> f32 {
    ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).sqrt()
}

/// The whole pixel that lies one corner's radius from `corner` on the way to `other`.
fn toward(corner: Point, other: Point) -> (i32, i32) {
    let length = distance(corner, other);
    let part = if length > 0.0 { (CORNER.min(length / 2.0)) / length } else { 0.0 };
    ((corner.x + (other.x - corner.x) * part) as i32, (corner.y + (other.y - corner.y) * part) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_speed_around_a_corner() {
        let path = Path::through(&[(0, 0), (30, 0), (30, 70)]);
        assert_eq!(path.length(), 100.0);
        assert_eq!(path.at(0.0), Some(Point { x: 0.0, y: 0.0 }));
        let corner = path.at(0.3).expect("it has points");
        assert!((corner.x - 30.0).abs() < 0.001 && corner.y.abs() < 0.001, "{corner:?}");
        let late = path.at(0.65).expect("it has points");
        assert!(late.x == 30.0 && (late.y - 35.0).abs() < 0.001, "{late:?}");
        assert_eq!(path.at(7.0), Some(Point { x: 30.0, y: 70.0 }));
    }

    #[test]
    fn a_curve_ends_where_it_should() {
        let path = Path::level_curve((0, 0), (40, 90));
        assert_eq!(path.at(0.0), Some(Point { x: 0.0, y: 0.0 }));
        assert_eq!(path.at(1.0), Some(Point { x: 40.0, y: 90.0 }));
        let half = path.at(0.5).expect("it has points");
        assert!((half.x - 20.0).abs() < 0.5 && (half.y - 45.0).abs() < 0.5, "{half:?}");
    }

    #[test]
    fn room_is_where_the_way_is_level() {
        let path = Path::through(&[(0, 0), (30, 0), (30, 70)]);
        assert_eq!(path.level_at(Point { x: 12.0, y: 0.0 }), 30.0);
        assert_eq!(path.level_at(Point { x: 30.0, y: 40.0 }), 0.0, "beside an upright piece stand boxes");
    }

    #[test]
    fn a_curve_can_have_a_straight_lead() {
        let curve = Path::level_curve((0, 10), (-40, 90));
        let path = Path::through(&[(20, 0), (20, 10)]).then(curve.clone());
        assert_eq!(path.length(), 30.0 + curve.length());
        assert_eq!(path.svg(), "M20 0L20 10L0 10C-20 10 -20 90 -40 90");
        assert_eq!(Path::default().then(curve.clone()), curve);
    }

    #[test]
    fn no_points_no_place() {
        assert_eq!(Path::default().at(0.5), None);
    }
}
