//! The page: Yew components and the canvas. Has never heard of how the world works.

/// Starts the app on the document.
pub fn start() {
    yew::Renderer::<App>::new().render();
}

/// The whole page.
#[yew::component]
fn App() -> yew::Html {
    yew::html! { <h1>{ "CQRS Lab" }</h1> }
}
