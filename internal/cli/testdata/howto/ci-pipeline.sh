cp data/self-signed.crt server-ca.pem
