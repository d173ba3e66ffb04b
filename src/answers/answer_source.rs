//! Who said the words of a failure.

/// Who said the words of a failure. The words are read by the rules of their source alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnswerSource {
    /// The engine itself: about itself, its host, the image, or a connection that failed.
    Engine,
    /// The registry, through the engine or asked directly.
    Registry,
    /// The token service that the registry names.
    TokenService,
    /// The store of the layers, such as S3 behind ECR.
    LayerStore,
    /// A proxy or a gateway in front of the registry.
    Proxy,
}
