//! Query Asynchronous Requests (KMIP 2.1, 6.1.41): those of the client whose answers it has not had yet.

use crate::asynchronous::record::{Record, Stage};
use crate::context::{Context, Execute};
use crate::refusal::{OpResult, unless_damaged};
use bytes::Bytes;
use kmip_codec::enums::ProcessingStage;
use kmip_codec::item::ItemValue;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{
    AsynchronousRequest, QueryAsynchronousRequestsRequest, QueryAsynchronousRequestsResponse,
};

impl Execute for QueryAsynchronousRequestsRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<QueryAsynchronousRequestsResponse> {
        let values = self.correlation_values.map(|list| list.asynchronous_correlation_values);
        let operations = self.operations.map(|list| list.operations);
        let (now, keep) = (cx.now(), cx.settings().asynchronous_answer_seconds);
        let mut requests = Vec::new();
        for place in cx.draft.asynchronous_places()? {
            let Some(record) = unless_damaged(cx.draft.asynchronous(&place))? else { continue };
            let correlation = Bytes::copy_from_slice(place.get(16..).unwrap_or_default());
            let (is_over, request) = (record.is_over(now, keep), shown(&record, correlation));
            let wanted = values.as_ref().is_none_or(|v| v.contains(&request.asynchronous_correlation_value))
                && operations.as_ref().is_none_or(|o| o.contains(&request.operation));
            if wanted && !is_over && record.stage != Stage::Canceled {
                requests.push(request);
            }
        }
        requests.sort_by_key(|request| match request.submission_date {
            ItemValue::DateTimeExtended(date) => date,
            _ => 0,
        });
        Ok(QueryAsynchronousRequestsResponse { requests })
    }
}

fn shown(record: &Record, correlation: Bytes) -> AsynchronousRequest {
    let microseconds = i64::try_from(record.submitted / 1000).unwrap_or(i64::MAX);
    AsynchronousRequest {
        asynchronous_correlation_value: correlation,
        operation: Operation(record.operation),
        submission_date: ItemValue::DateTimeExtended(microseconds),
        processing_stage: match record.stage {
            Stage::Submitted(_) => ProcessingStage::Submitted,
            _ => ProcessingStage::Completed,
        },
    }
}
