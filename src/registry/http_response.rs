//! A response with its whole body.

use bytes::Bytes;
use http::Response;

/// A response with its whole body, or the start of an error's long one.
pub(super) type HttpResponse = Response<Bytes>;
