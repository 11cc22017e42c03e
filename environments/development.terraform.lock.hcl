# Versions of the providers. The workflow providers writes this file anew, with their checksums; see docs/pipeline.md.

provider "registry.terraform.io/cloudflare/cloudflare" {
  version     = "5.14.0"
  constraints = "5.14.0"
}

provider "registry.terraform.io/hashicorp/aws" {
  version     = "6.28.0"
  constraints = "~> 6.27"
}

provider "registry.terraform.io/hashicorp/random" {
  version     = "3.7.2"
  constraints = "~> 3.7"
}
