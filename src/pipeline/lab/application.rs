//! An application of a script that consumes within its own process: Spring's application events (F7), without Kafka.

use std::sync::Arc;

use super::{LabAction, LabBean};
use crate::fault::Node;
use crate::listener::application_events::{Annotations, Application, Bean, Database};
use crate::pipeline::{FactKind, InterventionError, World};

/// The bean that a script describes.
fn bean(described: &LabBean) -> Result<Bean, InterventionError> {
    let LabBean { name, annotations, does } = described.clone();
    let refused = |_| InterventionError::NoSuch { what: "annotation", number: 0 };
    Ok(Bean { name, annotations: Annotations::parse(&annotations).map_err(refused)?, does })
}

/// The application of a script.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LabApplication {
    /// The beans, as described.
    pub beans: Vec<LabBean>,
    /// The tables of its database, in the order in which they were named.
    pub tables: Vec<Arc<str>>,
    /// The application.
    pub application: Application,
    /// Whether its context started.
    pub started: bool,
    /// How many of its facts stand in the trace.
    told: usize,
}

impl World {
    /// Whether an act fits the application that there is.
    pub(super) fn check_lab_application(&self, action: &LabAction) -> Result<(), InterventionError> {
        match action {
            LabAction::OpenApplication { beans, .. } => beans.iter().try_for_each(|described| bean(described).map(drop)),
            _ if self.lab.application.as_ref().is_some_and(|app| app.started) => Ok(()),
            _ => Err(InterventionError::NoSuch { what: "running application", number: 0 }),
        }
    }

    /// Starts the application, or calls its service.
    pub(super) fn lab_application(&mut self, action: &LabAction) -> Result<(), InterventionError> {
        match action {
            LabAction::OpenApplication { tables, beans, auto_commit } => {
                let made = beans.iter().map(bean).collect::<Result<_, _>>()?;
                let mut application = Application::new(made, Database::new(tables.clone()), *auto_commit);
                let started = application.start();
                let (tables, beans) = (tables.clone(), beans.clone());
                self.lab.application = Some(Box::new(LabApplication { beans, tables, application, started, told: 0 }));
            }
            LabAction::CallApplication { steps, in_transaction } => {
                if let Some(app) = &mut self.lab.application {
                    app.application.call(steps, *in_transaction);
                }
            }
            _ => {}
        }
        self.tell_application();
        Ok(())
    }

    fn tell_application(&mut self) {
        let Some(app) = &mut self.lab.application else { return };
        let new = app.application.facts()[app.told..].to_vec();
        app.told += new.len();
        for (lane, fact) in new {
            self.tell(Node::Api, None, FactKind::Application(lane, fact));
        }
    }
}
