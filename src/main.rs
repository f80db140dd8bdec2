//! The page's entry: starts the app on the document.

fn main() {
    cqrs_lab::ui::start();
}
