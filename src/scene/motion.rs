//! Where every flight is at an instant: a pure function of when it left, when it arrives, and now. Does not paint.

use crate::kernel::SimTime;

use super::view::LINK_FLIGHTS_MAX;
use super::{Cargo, Fate, Layout, Path, Point, Route, Scene, Sprite};

/// How flights move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Motion {
    /// At constant speed.
    #[default]
    Smooth,
    /// In [`STEPS`] stops, for who asked for less motion.
    Steps,
}

/// How many stops a flight makes with [`Motion::Steps`].
pub const STEPS: f32 = 3.0;
/// Where on its way a lost flight is lost.
const LOST_AT: f32 = 0.55;

/// A flight at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// The flight's number.
    pub flight: u64,
    /// Where it is.
    pub at: Point,
    /// What it carries.
    pub cargo: Cargo,
    /// How many records; 0 where that means nothing.
    pub count: u32,
    /// What becomes of it.
    pub fate: Fate,
    /// Whether it has already been lost.
    pub gone: bool,
}

/// A way with so many flights on it that they are a band with a count.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// The way.
    pub path: Path,
    /// How many flights.
    pub count: u32,
    /// What most of them carry.
    pub cargo: Cargo,
}

/// All flights at an instant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Picture {
    /// One by one.
    pub marks: Vec<Mark>,
    /// The crowded ways.
    pub bands: Vec<Band>,
}

impl Picture {
    /// The flights of `scene` where `layout` puts them.
    pub fn of(scene: &Scene, layout: &Layout, motion: Motion) -> Picture {
        // A plain list: the ways in use are few, and each flight mostly takes the one that was found last.
        let mut ways: Vec<Way> = Vec::new();
        let mut way_of = Vec::with_capacity(scene.flights.len());
        for sprite in &scene.flights {
            let at = ways.iter().rposition(|w| w.route == sprite.route).unwrap_or_else(|| {
                ways.push(Way { route: sprite.route, path: layout.path(sprite.route, scene), count: 0 });
                ways.len() - 1
            });
            ways[at].count += 1;
            way_of.push(at);
        }
        let mark = |(sprite, at): (&Sprite, &usize)| {
            let way = ways.get(*at).filter(|w| !w.is_crowded())?;
            mark(sprite, way.path.as_ref()?, scene.now, motion)
        };
        let marks = scene.flights.iter().zip(&way_of).filter_map(mark).collect();
        let band = |way: &Way| {
            let path = way.path.clone().filter(|_| way.is_crowded())?;
            Some(Band { path, count: way.count, cargo: most(scene, way.route) })
        };
        let bands = ways.iter().filter_map(band).collect();
        Picture { marks, bands }
    }

    /// The flight nearest to a place, if one is within `reach` pixels.
    pub fn hit(&self, place: Point, reach: f32) -> Option<u64> {
        let far = |m: &Mark| (m.at.x - place.x).powi(2) + (m.at.y - place.y).powi(2);
        let near = self.marks.iter().min_by(|a, b| far(a).total_cmp(&far(b)))?;
        (far(near) <= reach * reach).then_some(near.flight)
    }
}

/// How much of its way a flight has behind it, from 0 to 1.
pub fn progress(sent_at: SimTime, due_at: SimTime, now: SimTime) -> f32 {
    let whole = due_at.since(sent_at);
    if whole == 0 {
        return 1.0;
    }
    (now.since(sent_at).min(whole) as f64 / whole as f64) as f32
}

fn mark(sprite: &Sprite, path: &Path, now: SimTime, motion: Motion) -> Option<Mark> {
    let mut t = progress(sprite.sent_at, sprite.due_at, now);
    if motion == Motion::Steps {
        t = ((t * STEPS).floor().min(STEPS - 1.0) + 0.5) / STEPS;
    }
    let gone = sprite.fate == Fate::Lost && t >= LOST_AT;
    if gone {
        t = LOST_AT;
    }
    let at = path.at(if sprite.back { 1.0 - t } else { t })?;
    Some(Mark { flight: sprite.flight, at, cargo: sprite.cargo, count: sprite.count, fate: sprite.fate, gone })
}

/// A way in use.
struct Way {
    route: Route,
    path: Option<Path>,
    count: u32,
}

impl Way {
    fn is_crowded(&self) -> bool {
        self.count as usize > LINK_FLIGHTS_MAX
    }
}

/// The cargo that most flights on a way carry.
fn most(scene: &Scene, route: Route) -> Cargo {
    let on_it = || scene.flights.iter().filter(|s| s.route == route).map(|s| s.cargo);
    let mut best = (0, Cargo::Nothing);
    let mut known = Vec::new();
    for cargo in on_it() {
        if !known.contains(&cargo) {
            known.push(cargo);
            best = best.max((on_it().filter(|c| *c == cargo).count(), cargo));
        }
    }
    best.1
}
