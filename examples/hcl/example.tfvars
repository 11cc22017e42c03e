dockerhub_credentials_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:phenom-dev-dockerhub-AbCdEf"
rds_master_password       = "not-a-real-one"
