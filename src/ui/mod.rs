//! The page: Yew components and the canvas. Has never heard of how the world works.

#[allow(dead_code)] // until the panels use it
pub(crate) mod i18n;
#[allow(dead_code)] // until the app hosts it
pub(crate) mod stage;

/// Starts the app on the document.
#[cfg(feature = "web")]
pub fn start() {
    yew::Renderer::<App>::new().render();
}

/// The whole page.
#[cfg(feature = "web")]
#[yew::component]
fn App() -> yew::Html {
    yew::html! { <h1>{ "CQRS Lab" }</h1> }
}
