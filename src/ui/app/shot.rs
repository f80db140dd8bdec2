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
    /// Takes a snapshot; `scene` is the run at its playhead.
    pub(crate) fn take(
        player: &Player<World>,
        scene: &Rc<Scene>,
        program: &[(SimTime, Intervention)],
        case: Option<OnStage>,
        tick: u64,
    ) -> Shot {
        let timeline = player.timeline();
        let mut inputs = program.to_vec();
        inputs.extend_from_slice(timeline.inputs());
        crate::kernel::sort_by_key(&mut inputs, |(at, _)| *at);
        Shot(Rc::new(Snap {
            tick,
            playing: player.playing(),
            now: player.now(),
            end: player.end(),
            scene: scene.clone(),
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

/// The newest snapshot reaches one part of the page after the other, a frame each: all of them at once would be a frame that
/// one sees stutter.
pub(crate) struct Shots {
    /// What the tabs show.
    pub(crate) side: Shot,
    /// What the bar below the stage and the meters show.
    pub(crate) bar: Shot,
    /// What the strip of time shows.
    pub(crate) strip: Shot,
}

impl Shots {
    /// The same everywhere.
    pub(crate) fn all(shot: Shot) -> Shots {
        Shots { side: shot.clone(), bar: shot.clone(), strip: shot }
    }

    /// Lets the next part have the newest; `true` if one did not have it.
    pub(crate) fn pass_on(&mut self) -> bool {
        let behind = [&mut self.bar, &mut self.strip].into_iter().find(|shot| **shot != self.side);
        let Some(shot) = behind else { return false };
        *shot = self.side.clone();
        true
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
