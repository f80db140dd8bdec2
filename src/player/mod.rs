//! What a viewer does with a run: messages in, an outcome out. Has never heard of the DOM.
