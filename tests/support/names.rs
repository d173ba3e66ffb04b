//! ARNs and actions that tests share.

pub const HOST_USER: &str = "arn:aws:iam::111122223333:user/host";
pub const ACCOUNT_ROOT: &str = "arn:aws:iam::111122223333:root";
pub const ROLE: &str = "arn:aws:iam::111122223333:role/tasks/web";
/// A role of another account.
pub const OTHER_ROLE: &str = "arn:aws:iam::444455556666:role/reader";
pub const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/hub-Ab12Cd";
/// A secret of another account.
pub const OTHER_SECRET: &str = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:shared/hub-Zz99Yy";
pub const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/// A key of another account.
pub const OTHER_KEY: &str = "arn:aws:kms:eu-west-1:444455556666:key/0987dcba-09fe-87dc-65ba-ab0987654321";
pub const GET_SECRET_VALUE: &str = "secretsmanager:GetSecretValue";
