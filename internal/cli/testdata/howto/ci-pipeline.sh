address=${NOTARY_SERVER#https://}
export SERVER_FINGERPRINT="$(openssl s_client -connect "$address" < /dev/null 2> /dev/null | openssl x509 -noout -fingerprint -sha256 | cut -d= -f2)"
