# Runs the agent on every Nomad client that has Docker:
#
#   nomad job run -var docker_group="$(stat -c %g /var/run/docker.sock)" taskpull.nomad.hcl
#
# The clients must allow bind mounts: plugin "docker" { config { volumes { enabled = true } } }

variable "image" {
  type    = string
  default = "taskpull:0.1.0"
}

variable "docker_group" {
  type        = string
  description = "The id of the group that can open the engine's socket"
}

job "taskpull" {
  type = "system"

  constraint {
    attribute = "${attr.driver.docker}"
    value     = "1"
  }

  # Update one client at a time, and check its health before the next.
  update {
    max_parallel     = 1
    min_healthy_time = "10s"
    auto_revert      = true
  }

  group "agent" {
    restart {
      attempts = 10
      interval = "10m"
      delay    = "5s"
      mode     = "delay"
    }

    task "taskpull" {
      driver = "docker"
      user   = "65532:${var.docker_group}"

      # Lets running pulls finish: `agent.drain_timeout` plus the time to stop.
      kill_timeout = "45s"

      # The only group that the task runs with.
      env {
        TASKPULL_SOCKET_GROUP = var.docker_group
      }

      config {
        image           = var.image
        args            = ["serve"]
        network_mode    = "host"
        readonly_rootfs = true
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]

        volumes = [
          "/var/run/docker.sock:/var/run/docker.sock",
          "/etc/taskpull:/etc/taskpull:ro",
        ]

        # Docker volumes take their owner from the image, and outlive the allocation.
        mount {
          type   = "volume"
          source = "taskpull-state"
          target = "/var/lib/taskpull"
        }

        mount {
          type   = "volume"
          source = "taskpull-socket"
          target = "/run/taskpull"
        }
      }

      resources {
        cpu    = 100
        memory = 128
      }
    }
  }
}
