module "web" {
  source = "terraform-aws-modules/ecs/aws//modules/service"
}
