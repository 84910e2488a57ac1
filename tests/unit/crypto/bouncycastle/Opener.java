import java.io.ByteArrayInputStream;
import java.io.FileReader;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.KeyAgreeRecipientInformation;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/** A recipient who uses BouncyCastle: {@code open CMS KEY OUT} or {@code verify P7S CONTENT CERT}. */
public final class Opener {
    private Opener() {}

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        if (arguments[0].equals("open")) {
            open(Path.of(arguments[1]), Path.of(arguments[2]), Path.of(arguments[3]));
        } else {
            verify(Path.of(arguments[1]), Path.of(arguments[2]), Path.of(arguments[3]));
        }
    }

    private static void open(Path sealed, Path keyFile, Path out) throws Exception {
        PrivateKey key;
        try (PEMParser parser = new PEMParser(new FileReader(keyFile.toFile()))) {
            key = new JcaPEMKeyConverter().getPrivateKey((PrivateKeyInfo) parser.readObject());
        }
        boolean agreed = key.getAlgorithm().startsWith("EC");
        CMSAuthEnvelopedData enveloped = new CMSAuthEnvelopedData(Files.readAllBytes(sealed));
        for (RecipientInformation recipient : enveloped.getRecipientInfos().getRecipients()) {
            if (recipient instanceof KeyAgreeRecipientInformation == agreed) {
                byte[] plain =
                        recipient.getContent(
                                agreed
                                        ? new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC")
                                        : new JceKeyTransEnvelopedRecipient(key).setProvider("BC"));
                Files.write(out, plain);
                return;
            }
        }
        throw new IllegalStateException("no recipient of this kind");
    }

    private static void verify(Path signature, Path content, Path certificateFile) throws Exception {
        X509Certificate certificate;
        try (InputStream stream = new ByteArrayInputStream(Files.readAllBytes(certificateFile))) {
            certificate =
                    (X509Certificate)
                            CertificateFactory.getInstance("X.509").generateCertificate(stream);
        }
        CMSSignedData signed =
                new CMSSignedData(
                        new CMSProcessableByteArray(Files.readAllBytes(content)),
                        Files.readAllBytes(signature));
        Collection<SignerInformation> signers = signed.getSignerInfos().getSigners();
        for (SignerInformation signer : signers) {
            if (!signer.verify(
                    new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(certificate))) {
                System.exit(4);
            }
        }
        System.exit(signers.size() == 1 ? 0 : 4);
    }
}
