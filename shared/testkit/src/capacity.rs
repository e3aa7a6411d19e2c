//! What DynamoDB says a piece of work consumed: its own `ConsumedCapacity`, request by request.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::{
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors},
    error::BoxError,
};
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use serde_json::Value;

/// One request and its price.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub operation: String,
    pub read_units: f64,
    pub write_units: f64,
    pub refused: bool,
}

/// Records every request of the clients it is an interceptor of.
#[derive(Clone, Debug, Default)]
pub struct CapacityMeter(Arc<Mutex<Vec<Request>>>);

impl CapacityMeter {
    /// The requests since the last call.
    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Sums of read and write units.
pub fn units(requests: &[Request]) -> (f64, f64) {
    requests.iter().fold((0.0, 0.0), |(read, write), request| {
        (read + request.read_units, write + request.write_units)
    })
}

/// The operation under way, carried from the request to its answer.
#[derive(Debug)]
struct Operation(String);

impl Storable for Operation {
    type Storer = StoreReplace<Self>;
}

impl Intercept for CapacityMeter {
    fn name(&self) -> &'static str {
        "capacity meter"
    }

    fn read_before_transmit(
        &self,
        context: &interceptors::BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        config.interceptor_state().store_put(Operation(operation));
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &interceptors::AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Operation>().map(|known| known.0.clone()).unwrap_or_default();
        let body = context.response().body().bytes().unwrap_or_default();
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let one = std::slice::from_ref(&answer["ConsumedCapacity"]);
        let consumed = answer["ConsumedCapacity"].as_array().map_or(one, Vec::as_slice);
        let total: f64 = consumed.iter().filter_map(|c| c["CapacityUnits"].as_f64()).sum();
        let reads = ["GetItem", "Query", "BatchGetItem"].contains(&operation.as_str());
        let request = Request {
            operation,
            read_units: if reads { total } else { 0.0 },
            write_units: if reads { 0.0 } else { total },
            refused: !context.response().status().is_success(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        Ok(())
    }
}
