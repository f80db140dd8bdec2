//! A world at an instant as plain drawable data, and where each thing of it stands. Floats begin here.
//!
//! [`Scene`] says *what* is to be seen, without a coordinate; [`Layout`] says *where*, from the scene's [`Shape`] and a
//! width; [`Picture`] says where every flight is at this instant. Has never heard of the DOM, and holds no sentence of
//! any language: states are enums, and the page has the words.

mod bench;
mod layout;
mod medium;
mod motion;
mod narrow;
mod path;
#[cfg(test)]
pub(crate) mod sample;
mod sprite;
#[cfg(test)]
mod tests;
mod view;
mod view_write;
mod wide;
mod world;

pub use bench::{ApplicationView, BeanView, MEMBERS_FROM, ProducerView, SHARES_FROM};
pub use layout::{ACCOUNTS_MAX, Flow, GroupShape, Header, LANES_MAX, LaneBox, Layout, MEDIUM_FROM, Placed, Rails, Rect, Shape, WIDE_FROM};
pub use motion::{Band, Mark, Motion, Picture, STEPS, progress};
pub use path::{Path, Point, Route, Source};
pub use sprite::{Cargo, Fate, Sprite};
pub use view::*;
pub use view_write::*;
