//! From settings to the configurations that the components want.

mod bank;
mod cluster;
mod consumer;

pub(super) use bank::bank_config;
pub(super) use cluster::{cluster_config, producer_config, topic_properties};
pub(super) use consumer::{consumer_config, container_name, container_properties, listener_program, retry_chain};
