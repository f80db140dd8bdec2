//! The stage: nodes, lanes and links as elements, flights on a canvas over them, and a table that says the same. Has never
//! heard of how the world works; it shows a [`Scene`](crate::scene::Scene).

#[cfg(feature = "web")]
mod canvas;
mod cards;
#[cfg(feature = "web")]
mod lane;
#[cfg(feature = "web")]
mod node;
#[cfg(feature = "web")]
mod pairs;
#[cfg(feature = "web")]
mod table;
#[cfg(feature = "web")]
mod view;
#[cfg(feature = "web")]
mod ways;

#[cfg(feature = "web")]
pub(crate) use table::StageTable;
#[cfg(feature = "web")]
pub(crate) use view::Stage;
