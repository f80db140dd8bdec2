//! From bytes to what the application sees (D14). Knows no partition but by name.

use std::sync::Arc;

use super::{ConsumerConfig, Deserializer};
use crate::broker::{Header, KafkaException, Record};

/// The header with which an `ErrorHandlingDeserializer` reports a failed value; its bytes are the raw value.
pub const VALUE_FAILURE_HEADER: &str = "springDeserializerExceptionValue";

/// The record as the application sees it.
///
/// # Errors
/// `RecordDeserializationException` with the offset.
pub(super) fn deserialize(config: &ConsumerConfig, record: &Arc<Record>) -> Result<Arc<Record>, KafkaException> {
    let throws = |deserializer| record.value.as_ref().is_some_and(|value| !accepts(deserializer, value));
    match config.value_deserializer {
        Deserializer::ErrorHandling if throws(config.value_delegate) => {
            let mut headers = record.headers.to_vec();
            headers.push(Header { name: Arc::from(VALUE_FAILURE_HEADER), value: record.value.clone() });
            Ok(Arc::new(Record { value: None, headers: headers.into(), ..Record::clone(record) }))
        }
        Deserializer::ErrorHandling => Ok(record.clone()),
        deserializer if throws(deserializer) => {
            let mut exception = KafkaException::new("RecordDeserializationException");
            exception.offset = Some(record.offset);
            Err(exception)
        }
        _ => Ok(record.clone()),
    }
}

fn accepts(deserializer: Deserializer, value: &[u8]) -> bool {
    match deserializer {
        Deserializer::Integer => value.len() == 4,
        Deserializer::Picky => !value.starts_with(b"poison"),
        Deserializer::String | Deserializer::ErrorHandling => true,
    }
}
