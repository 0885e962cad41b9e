import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.EnumSet;
import java.util.List;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Verifies chains as Java's own TLS does, one for each line of the standard input, and says
 * "accepted" or "refused: why" in a line. The words of a line are separated by tabs:
 *
 * <pre>server|client|ocsp TIME LEAF INTERMEDIATES ROOT LISTS|RESPONDER|-</pre>
 *
 * TIME is as in 2030-01-02T03:04:05Z; the others are files in PEM. With LISTS, revocation is
 * checked along the whole path by these CRLs. "ocsp" checks it for the leaf, by the responder at
 * that URL alone.
 */
class Verify {
    static final CertificateFactory factory = x509();

    static CertificateFactory x509() {
        try {
            return CertificateFactory.getInstance("X.509");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) {
            String verdict = "accepted";
            try {
                verify(line.split("\t"));
            } catch (Exception e) {
                verdict = "refused: " + causes(e).replaceAll("\\s+", " ");
            }
            System.out.println(verdict);
        }
    }

    static void verify(String[] words) throws Exception {
        var path = new ArrayList<X509Certificate>();
        path.addAll(certificates(words[2]));
        path.addAll(certificates(words[3]));
        var trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        for (X509Certificate root : certificates(words[4])) {
            trusted.setCertificateEntry("root", root);
        }
        var parameters = new PKIXBuilderParameters(trusted, new X509CertSelector());
        parameters.setDate(Date.from(Instant.parse(words[1])));
        parameters.setRevocationEnabled(!words[5].equals("-"));
        if (words[0].equals("ocsp")) {
            ask(words[5], path, parameters);
            return;
        }
        if (parameters.isRevocationEnabled()) {
            try (InputStream file = Files.newInputStream(Path.of(words[5]))) {
                var lists = factory.generateCRLs(file);
                parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists)));
            }
        }
        var trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(new CertPathTrustManagerParameters(parameters));
        var manager = (X509TrustManager) trust.getTrustManagers()[0];
        var chain = path.toArray(new X509Certificate[0]);
        if (words[0].equals("server")) {
            manager.checkServerTrusted(chain, "UNKNOWN"); // as in TLS 1.3
        } else {
            manager.checkClientTrusted(chain, "UNKNOWN");
        }
    }

    static void ask(String responder, List<X509Certificate> path, PKIXBuilderParameters parameters) throws Exception {
        var validator = CertPathValidator.getInstance("PKIX");
        var checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOcspResponder(URI.create(responder));
        checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.ONLY_END_ENTITY, PKIXRevocationChecker.Option.NO_FALLBACK));
        parameters.addCertPathChecker(checker);
        validator.validate(factory.generateCertPath(path), parameters);
    }

    static Collection<X509Certificate> certificates(String file) throws Exception {
        var found = new ArrayList<X509Certificate>();
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            for (var certificate : factory.generateCertificates(in)) {
                found.add((X509Certificate) certificate);
            }
        }
        return found;
    }

    static String causes(Throwable e) {
        var text = new StringBuilder();
        for (; e != null; e = e.getCause()) {
            text.append(e);
            if (e instanceof CertPathValidatorException) {
                text.append(" (").append(((CertPathValidatorException) e).getReason()).append(')');
            }
            text.append("; ");
        }
        return text.toString();
    }
}
