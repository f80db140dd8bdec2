//! From settings to the configurations that the components want.

mod bank;
mod cluster;
mod consumer;
mod in_process;

pub(super) use bank::bank_config;
pub(super) use cluster::{cluster_config, publisher_config, topic_properties, topic_setting};
pub(super) use consumer::{
    NOTICES, consumer_config, container_name, container_properties, is_transactional, listener_program, retry_chain, retry_duties,
};
