//! What the tests at the wire run the program in: fakes that are set up for one kind of test.
//!
//! [`World`] is the base: a fake AWS whose host may read one secret, and a fake engine. The other
//! worlds add a watched folder, host logins, a configuration file or a running agent to it.

mod agent;
mod agent_home;
mod api_response;
mod credential_world;
mod definition;
mod ecr;
mod folder_agent;
mod host_login_world;
mod observed_agent;
mod pull_world;
mod secret_world;
mod story;

pub use self::agent::{Agent, connect, http_request};
pub use self::agent_home::AgentHome;
pub use self::api_response::ApiResponse;
pub use self::credential_world::{
    CredentialWorld, ECR_HOST, NOT_FOUND_MESSAGE, REGISTRY, assert_failed, assert_get_failed,
};
pub use self::definition::{IMAGE, LOGIN, container, open_container, task};
pub use self::ecr::{
    EXPIRED_TOKEN, GET_TOKEN, OTHER_IMAGE, OWN_IMAGE, PUBLIC_IMAGE, ecr_world, ecr_world_with, reported_credential,
    shown_logins, token_call_regions, token_calls,
};
pub use self::folder_agent::FolderAgent;
pub use self::host_login_world::{HostLoginWorld, docker_auth, helper_script, helper_without_login};
pub use self::observed_agent::{AgentSetup, StoppedAgent, audit_lines};
pub use self::pull_world::World;
pub use self::secret_world::SecretWorld;
pub use self::story::{MINUTE, advance_clock, credential_provider, run_story_with, story_variable};
