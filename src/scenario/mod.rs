//! What a run starts from: a [`Scenario`] with its seed, its [`Config`] and its programme of interventions; the table of
//! all [`settings`] with their real property names.
//!
//! Has never heard of browsers. The wire format and the links are beside it.

mod act;
mod builtin;
mod config;
mod contradiction;
pub mod fidelity;
mod intervention;
pub mod link;
mod property;
mod settings;
mod value;
pub mod wire;

use std::sync::Arc;

pub use act::{LabAction, LabApi, LabBean, LabClient, LabOffset, LabOrder, LabShareOrder, LabTransaction, Offsets, Settings};
pub use builtin::{BUILTIN_SEED, builtin, builtin_names};
pub use config::{Config, SettingError};
pub use intervention::{Action, Decision, Intervention, ResetTo, ShareDecision};
pub use property::{Property, Scope, TakesEffect};
pub use settings::{Of, Setting, setting, settings};
pub use value::{Kind, Unit, Value};

use crate::broker::ClusterConfig;
use crate::kernel::SimTime;

/// The name of the bank's share group.
pub const SHARE_GROUP: &str = "transfer-notices";

/// The consumer groups of the bank, each behind one projection. A group's number is its place here.
pub const GROUPS: [&str; 2] = ["account-view", "transfer-history"];

/// The number by which faults know the bank's share group: the one after those of [`GROUPS`].
pub const SHARE_GROUP_NUMBER: u32 = GROUPS.len() as u32;

/// The topic of the bank's events.
pub const TOPIC: &str = "transfer-events";

/// What a run starts from. Together with the viewer's interventions it determines every later state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scenario {
    /// Its name in links and on the command line.
    pub name: Arc<str>,
    /// The seed of every stream of chance.
    pub seed: u64,
    /// How long the run is, in microseconds of virtual time.
    pub duration_us: u64,
    /// Whether the bank is there, or only a cluster (scripts bring their own clients).
    pub stage: Stage,
    /// The settings at the beginning.
    pub config: Config,
    /// The brokers, where the settings do not say all (scripts).
    pub cluster: Option<ClusterConfig>,
    /// What happens by itself, ascending by time.
    pub program: Vec<(SimTime, Intervention)>,
}

/// What stands on the stage at the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Stage {
    /// The whole bank: clients, API, databases, relay, the topic and both groups.
    #[default]
    Bank,
    /// Brokers only.
    ClusterOnly,
}

impl Scenario {
    /// A bank with all settings at their defaults, an hour long, in which nothing is programmed.
    pub fn plain(name: &str, seed: u64) -> Scenario {
        Scenario {
            name: Arc::from(name),
            seed,
            duration_us: 3_600_000_000,
            stage: Stage::Bank,
            config: Config::default(),
            cluster: None,
            program: Vec::new(),
        }
    }
}
