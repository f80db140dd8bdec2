//! What a form holds until it is sent. Whoever sends it gets what was entered last, drawn or not: Yew may leave the drawing of one
//! event until after the next (it makes way for the browser after 16 ms), and a state holds what was drawn.
//! Has never heard of what is entered.

use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

/// Something that is being entered.
#[derive(Clone)]
pub(super) struct Draft<T> {
    entered: Rc<RefCell<T>>,
    redraw: UseForceUpdateHandle,
}

impl<T: Copy> Draft<T> {
    /// As it is now.
    pub(super) fn get(&self) -> T {
        *self.entered.borrow()
    }

    /// Changes it and has it drawn.
    pub(super) fn change(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.entered.borrow_mut());
        self.redraw.force_update();
    }
}

/// A draft of this component, at first as said.
#[hook]
pub(super) fn use_draft<T: 'static>(first: impl FnOnce() -> T) -> Draft<T> {
    Draft { entered: use_mut_ref(first), redraw: use_force_update() }
}
