//! A world at an instant as plain drawable data. Has never heard of the DOM.
