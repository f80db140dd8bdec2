//! What a viewer does with a run: messages in, an outcome out. Has never heard of the DOM.

mod thing;

pub use thing::{Thing, Wire};
