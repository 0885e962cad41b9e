mkdir -p demoCA/private demoCA/newcerts
touch demoCA/index.txt
echo 01 > demoCA/crlnumber
cat > openssl.cnf <<'END'
[ca]
default_ca = demo
[demo]
dir = ./demoCA
database = $dir/index.txt
new_certs_dir = $dir/newcerts
certificate = $dir/cacert.pem
private_key = $dir/private/cakey.pem
serial = $dir/serial
crlnumber = $dir/crlnumber
default_md = sha256
default_days = 365
default_crl_days = 30
policy = anything
x509_extensions = leaf
[anything]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = name
[name]
END
openssl req -x509 -config openssl.cnf -newkey rsa:2048 -nodes -keyout demoCA/private/cakey.pem -out demoCA/cacert.pem -days 1095 \
  -subj '/CN=Old CA' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
for host in one two; do
  openssl req -new -config openssl.cnf -newkey rsa:2048 -nodes -keyout $host.key -out $host.csr -subj "/CN=$host.example.com"
  openssl ca -batch -config openssl.cnf -rand_serial -in $host.csr -out $host.pem
done
openssl ca -config openssl.cnf -revoke two.pem
openssl ca -config openssl.cnf -gencrl -out demoCA/crl.pem
