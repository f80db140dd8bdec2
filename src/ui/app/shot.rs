//! A snapshot of the run for the panels, taken a few times a second. Panels read it; nothing writes it.

use std::ops::Deref;
use std::rc::Rc;

use crate::kernel::SimTime;
use crate::pipeline::{Intervention, World};
use crate::player::Player;
use crate::scene::Scene;
use crate::timeline::History;
use crate::ui::cases::OnStage;

/// What panels see of the run.
pub(crate) struct Snap {
    /// The number of this snapshot.
    pub(crate) tick: u64,
    /// Whether the run plays.
    pub(crate) playing: bool,
    /// The playhead.
    pub(crate) now: SimTime,
    /// The end of the strip of time.
    pub(crate) end: SimTime,
    /// The world at the playhead as a scene.
    pub(crate) scene: Rc<Scene>,
    /// The world at the playhead.
    pub(crate) world: World,
    /// The explored part of the run.
    pub(crate) history: History,
    /// The recorded case on the stage.
    pub(crate) case: Option<OnStage>,
    /// What happens to the run by itself, and what was done to it, past and future; ascending.
    pub(crate) inputs: Vec<(SimTime, Intervention)>,
}

/// A shared snapshot, equal only to itself.
#[derive(Clone)]
pub(crate) struct Shot(Rc<Snap>);

impl Shot {
    /// Takes a snapshot.
    pub(crate) fn take(player: &Player<World>, program: &[(SimTime, Intervention)], case: Option<OnStage>, tick: u64) -> Shot {
        let timeline = player.timeline();
        let mut inputs = program.to_vec();
        inputs.extend_from_slice(timeline.inputs());
        crate::kernel::sort_by_key(&mut inputs, |(at, _)| *at);
        Shot(Rc::new(Snap {
            tick,
            playing: player.playing(),
            now: player.now(),
            end: player.end(),
            scene: scene(player),
            world: player.world().clone(),
            history: timeline.history().clone(),
            case,
            inputs,
        }))
    }
}

impl PartialEq for Shot {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Shot {
    type Target = Snap;

    fn deref(&self) -> &Snap {
        &self.0
    }
}

/// What is to be drawn of the run at its playhead.
pub(crate) fn scene(player: &Player<World>) -> Rc<Scene> {
    Rc::new(Scene::at(player.world(), player.now()))
}
