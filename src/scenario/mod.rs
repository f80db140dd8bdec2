//! What a run starts from: configuration, settings, built-in scenarios, links. Has never heard of a viewer.
