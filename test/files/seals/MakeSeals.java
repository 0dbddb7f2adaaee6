import static org.bouncycastle.asn1.gm.GMObjectIdentifiers.sm2sign_with_sm3;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Security;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.PDSignature;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1UTCTime;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.jcajce.provider.digest.SM3;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.ofdrw.core.signatures.SigType;
import org.ofdrw.gm.ses.v1.SES_ESPictrueInfo;
import org.ofdrw.gm.ses.v1.SES_Header;
import org.ofdrw.gm.ses.v1.SES_SignInfo;
import org.ofdrw.gm.ses.v4.CertDigestList;
import org.ofdrw.gm.ses.v4.CertDigestObj;
import org.ofdrw.gm.ses.v4.CertInfoList;
import org.ofdrw.gm.ses.v4.SES_CertList;
import org.ofdrw.gm.ses.v4.SES_ESPropertyInfo;
import org.ofdrw.gm.ses.v4.SES_SealInfo;
import org.ofdrw.gm.ses.v4.SES_Signature;
import org.ofdrw.gm.ses.v4.SESeal;
import org.ofdrw.gm.ses.v4.TBS_Sign;
import org.ofdrw.layout.OFDDoc;
import org.ofdrw.layout.PageLayout;
import org.ofdrw.layout.element.Paragraph;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.ExtendSignatureContainer;
import org.ofdrw.sign.OFDSigner;
import org.ofdrw.sign.SignMode;
import org.ofdrw.sign.signContainer.GBT35275DSContainer;
import org.ofdrw.sign.signContainer.GBT35275PKCS9DSContainer;
import org.ofdrw.sign.signContainer.SESV1Container;
import org.ofdrw.sign.signContainer.SESV4Container;
import org.ofdrw.sign.stamppos.NormalStampPos;

/** Makes the sealed and signed files beside it, with keys that it forgets: see README.md. */
public class MakeSeals {
    static final Instant NOW = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    static final String HOUSING = "无锡市住房和城乡建设局";
    static Path folder;
    static int serial = 1000;


    /** A moment, so many days from now. */
    static Date day(int days) {
        return Date.from(NOW.plus(days, ChronoUnit.DAYS));
    }

    record Party(KeyPair keys, X509Certificate certificate) {
        PrivateKey key() {
            return keys.getPrivate();
        }

        /** The name of the signature algorithm of its key. */
        String method() {
            return key().getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SM3withSM2";
        }
    }

    static KeyPair keys(String algorithm) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm, "BC");
        if (algorithm.equals("RSA")) generator.initialize(2048);
        else generator.initialize(new ECGenParameterSpec("sm2p256v1"));
        return generator.generateKeyPair();
    }

    /** A party with a certificate by an issuer, or by itself; in force for so many days from and to now. */
    static Party party(String algorithm, String name, Party issuer, boolean ca, int from, int to) throws Exception {
        KeyPair keys = keys(algorithm);
        X500Name subject = new X500Name(name);
        X500Name by = issuer == null
                ? subject
                : X500Name.getInstance(issuer.certificate.getSubjectX500Principal().getEncoded());
        var builder = new JcaX509v3CertificateBuilder(
                by, BigInteger.valueOf(serial++), day(from), day(to), subject, keys.getPublic());
        int below = issuer == null ? 1 : 0;
        int uses = ca ? KeyUsage.keyCertSign | KeyUsage.cRLSign : KeyUsage.digitalSignature | KeyUsage.nonRepudiation;
        builder.addExtension(
                Extension.basicConstraints, true, ca ? new BasicConstraints(below) : new BasicConstraints(false));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(uses));
        Party signer = issuer == null ? new Party(keys, null) : issuer;
        var holder = builder.build(new JcaContentSignerBuilder(signer.method()).setProvider("BC").build(signer.key()));
        return new Party(keys, new JcaX509CertificateConverter().setProvider("BC").getCertificate(holder));
    }

    static byte[] signed(Party by, byte[] data) throws Exception {
        Signature signature = Signature.getInstance(by.method(), "BC");
        signature.initSign(by.key());
        signature.update(data);
        return signature.sign();
    }

    static ASN1ObjectIdentifier oid(Party by) {
        return by.method().equals("SM3withSM2") ? sm2sign_with_sm3 : PKCSObjectIdentifiers.sha256WithRSAEncryption;
    }

    static SES_ESPictrueInfo picture() {
        byte[] dot = Base64.getDecoder().decode(
                "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==");
        return new SES_ESPictrueInfo().setType("PNG").setData(dot).setWidth(40).setHeight(40);
    }

    /** A seal of GB/T 38540 for the certificates of such a list, in force until so many days from now. */
    static SESeal seal(Party maker, String name, int listType, SES_CertList list, int to) throws Exception {
        SES_ESPropertyInfo property = new SES_ESPropertyInfo()
                .setType(new ASN1Integer(1))
                .setName(new DERUTF8String(name))
                .setCertListType(new ASN1Integer(listType))
                .setCertList(list)
                .setCreateDate(new ASN1GeneralizedTime(day(-200)))
                .setValidStart(new ASN1GeneralizedTime(day(-200)))
                .setValidEnd(new ASN1GeneralizedTime(day(to)));
        SES_SealInfo info = new SES_SealInfo()
                .setHeader(new SES_Header(SES_Header.V4, new DERIA5String("test")))
                .setEsID("seal-" + serial++)
                .setProperty(property)
                .setPicture(picture());
        return new SESeal()
                .seteSealInfo(info)
                .setCert(maker.certificate)
                .setSignAlgID(oid(maker))
                .setSignedValue(signed(maker, info.getEncoded("DER")));
    }

    static SESeal seal(Party maker, String name, Party holder, int to) throws Exception {
        var certificates = new CertInfoList(new ASN1OctetString[] {new DEROctetString(holder.certificate.getEncoded())});
        return seal(maker, name, 1, new SES_CertList(certificates), to);
    }

    /** A seal of GM/T 0031-2014. */
    static org.ofdrw.gm.ses.v1.SESeal oldSeal(Party maker, String name, Party holder) throws Exception {
        var property = new org.ofdrw.gm.ses.v1.SES_ESPropertyInfo()
                .setType(org.ofdrw.gm.ses.v1.SES_ESPropertyInfo.OrgType)
                .setName(name)
                .setCertList(new DERSequence(new DEROctetString(holder.certificate.getEncoded())))
                .setCreateDate(new ASN1UTCTime(day(-200)))
                .setValidStart(new ASN1UTCTime(day(-200)))
                .setValidEnd(new ASN1UTCTime(day(1000)));
        var info = new org.ofdrw.gm.ses.v1.SES_SealInfo()
                .setHeader(new SES_Header(new ASN1Integer(1), new DERIA5String("test")))
                .setEsID("seal-" + serial++)
                .setProperty(property)
                .setPicture(picture());
        var certificate = new DEROctetString(maker.certificate.getEncoded());
        byte[] content = new DERSequence(new ASN1Encodable[] {info, certificate, oid(maker)}).getEncoded("DER");
        return new org.ofdrw.gm.ses.v1.SESeal(info, new SES_SignInfo()
                .setCert(certificate)
                .setSignatureAlgorithm(oid(maker))
                .setSignData(signed(maker, content)));
    }

    static byte[] sha256(byte[] data) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(data);
    }

    /** What ofdrw has for SM2 alone, for RSA; with a digest for the parts. */
    record RsaContainer(Party signer, SESeal seal, String digest) implements ExtendSignatureContainer {
        public MessageDigest getDigestFnc() {
            try {
                return MessageDigest.getInstance(digest);
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        }

        public ASN1ObjectIdentifier getSignAlgOID() {
            return oid(signer);
        }

        public byte[] sign(InputStream data, String properties) {
            try {
                TBS_Sign content = new TBS_Sign()
                        .setVersion(SES_Header.V4)
                        .setEseal(seal)
                        .setTimeInfo(new ASN1GeneralizedTime(Date.from(NOW)))
                        .setDataHash(sha256(data.readAllBytes()))
                        .setPropertyInfo(properties);
                return new SES_Signature()
                        .setToSign(content)
                        .setCert(signer.certificate)
                        .setSignatureAlgID(oid(signer))
                        .setSignature(signed(signer, content.getEncoded("DER")))
                        .getEncoded("DER");
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        }

        public byte[] getSeal() throws java.io.IOException {
            return seal.getEncoded("DER");
        }

        public SigType getSignType() {
            return SigType.Seal;
        }
    }

    static void sign(String from, String to, ExtendSignatureContainer container, String unprotected) throws Exception {
        try (OFDReader reader = new OFDReader(folder.resolve(from));
                OFDSigner signer = new OFDSigner(reader, folder.resolve(to))) {
            signer.setSignMode(SignMode.ContinueSign).setSignContainer(container);
            if (container.getSignType() == SigType.Seal) signer.addApPos(new NormalStampPos(1, 50, 50, 40, 40));
            if (unprotected != null) signer.setProtectFileFilter(file -> !file.toString().contains(unprotected));
            signer.exeSign();
        }
    }

    static void sign(String from, String to, ExtendSignatureContainer container) throws Exception {
        sign(from, to, container, null);
    }

    static ExtendSignatureContainer by(Party signer, SESeal seal) {
        return new SESV4Container(signer.key(), seal, signer.certificate);
    }

    /** A list of revocation by an issuer, until so many days from now. */
    static void revocations(String name, Party issuer, Party by, Party revoked, int since, int reason, int until)
            throws Exception {
        var builder = new JcaX509v2CRLBuilder(issuer.certificate, day(-1));
        builder.setNextUpdate(day(until));
        if (revoked != null) builder.addCRLEntry(revoked.certificate.getSerialNumber(), day(since), reason);
        var list = builder.build(new JcaContentSignerBuilder(by.method()).setProvider("BC").build(by.key()));
        Files.write(folder.resolve(name), list.getEncoded());
    }

    static void pdf(String name, Party signer, List<X509Certificate> chain) throws Exception {
        try (PDDocument document = new PDDocument(); var out = Files.newOutputStream(folder.resolve(name))) {
            PDPage page = new PDPage();
            document.addPage(page);
            try (var content = new PDPageContentStream(document, page)) {
                content.beginText();
                content.setFont(PDType1Font.HELVETICA, 12);
                content.newLineAtOffset(50, 700);
                content.showText("A certificate");
                content.endText();
            }
            var plain = new ByteArrayOutputStream();
            document.save(plain);
            try (PDDocument loaded = PDDocument.load(plain.toByteArray())) {
                PDSignature signature = new PDSignature();
                signature.setFilter(PDSignature.FILTER_ADOBE_PPKLITE);
                signature.setSubFilter(PDSignature.SUBFILTER_ADBE_PKCS7_DETACHED);
                loaded.addSignature(signature, content -> {
                    try {
                        var generator = new CMSSignedDataGenerator();
                        var digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
                        var by = new JcaContentSignerBuilder(signer.method()).setProvider("BC").build(signer.key());
                        generator.addSignerInfoGenerator(
                                new JcaSignerInfoGeneratorBuilder(digests).build(by, signer.certificate));
                        generator.addCertificates(new JcaCertStore(chain));
                        return generator.generate(new CMSProcessableByteArray(content.readAllBytes()), false).getEncoded();
                    } catch (Exception error) {
                        throw new IllegalStateException(error);
                    }
                });
                loaded.saveIncremental(out);
            }
        }
    }

    static void pem(String name, Party... parties) throws Exception {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            for (Party party : parties) writer.writeObject(party.certificate);
        }
        Files.writeString(folder.resolve(name), text.toString());
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        folder = Path.of(arguments[0]);

        Party root = party("EC", "C=CN,O=测试,CN=测试根证书", null, true, -3000, 12000);
        Party middle = party("EC", "C=CN,O=测试,CN=测试政务CA", root, true, -2000, 10000);
        Party rsaRoot = party("RSA", "C=CN,O=测试,CN=测试RSA根证书", null, true, -3000, 12000);
        Party strange = party("EC", "C=CN,O=别处,CN=未配置的根证书", null, true, -3000, 12000);
        Party maker = party("EC", "C=CN,O=测试印章管理中心,CN=测试制章", root, false, -500, 5000);
        Party housing = party("EC", "C=CN,O=" + HOUSING + ",OU=11320200014006438B,CN=电子证照签发", root, false, -300, 400);
        Party transport = party("EC", "C=CN,O=无锡市交通运输局,CN=无锡市交通运输局", root, false, -300, 400);
        Party lapsed = party("EC", "C=CN,O=" + HOUSING + ",CN=旧证书", root, false, -800, -100);
        Party revoked = party("EC", "C=CN,O=" + HOUSING + ",CN=已吊销", root, false, -300, 400);
        Party below = party("EC", "C=CN,O=" + HOUSING + ",CN=下级CA所发", middle, false, -300, 400);
        Party stranger = party("EC", "C=CN,O=" + HOUSING + ",CN=冒名者", strange, false, -300, 400);
        Party rsaMaker = party("RSA", "C=CN,O=测试印章管理中心,CN=测试RSA制章", rsaRoot, false, -500, 5000);
        Party rsa = party("RSA", "C=CN,O=" + HOUSING + ",CN=RSA", rsaRoot, false, -300, 400);
        pem("roots.pem", root, rsaRoot);

        revocations("root.crl", root, root, revoked, -10, CRLReason.cessationOfOperation, 7000);
        revocations("root-stale.crl", root, root, revoked, -10, CRLReason.cessationOfOperation, 1);
        revocations("root-renewed.crl", root, root, housing, 10, CRLReason.superseded, 7000);
        revocations("root-compromised.crl", root, root, housing, 10, CRLReason.keyCompromise, 7000);
        revocations("root-forged.crl", root, strange, housing, -10, CRLReason.keyCompromise, 7000);
        revocations("middle.crl", middle, middle, null, 0, 0, 7000);

        try (OFDDoc document = new OFDDoc(folder.resolve("plain.ofd"))) {
            document.setDefaultPageLayout(PageLayout.A4());
            document.add(new Paragraph("建筑工程施工许可证 锡建施1号"));
        }
        String name = HOUSING + "电子证照专用章";
        SESeal own = seal(maker, name, housing, 1000);
        sign("plain.ofd", "sealed.ofd", by(housing, own));
        sign("plain.ofd", "other-certificate.ofd", by(transport, own));
        sign("plain.ofd", "expired-certificate.ofd", by(lapsed, seal(maker, name, lapsed, 1000)));
        sign("plain.ofd", "expired-seal.ofd", by(housing, seal(maker, name, housing, -1)));
        sign("plain.ofd", "revoked.ofd", by(revoked, seal(maker, name, revoked, 1000)));
        sign("plain.ofd", "unknown-root.ofd", by(stranger, seal(maker, name, stranger, 1000)));
        sign("plain.ofd", "unknown-maker.ofd", by(housing, seal(stranger, name, housing, 1000)));
        SESeal forged = seal(maker, name, transport, 1000);
        forged.geteSealInfo().setProperty(own.geteSealInfo().getProperty());
        sign("plain.ofd", "forged-seal.ofd", by(housing, forged));
        var digest = new CertDigestObj().setType("SM3").setValue(new SM3.Digest().digest(housing.certificate.getEncoded()));
        SES_CertList digests = new SES_CertList(new CertDigestList(new CertDigestObj[] {digest}));
        sign("plain.ofd", "digest-list.ofd", by(housing, seal(maker, name, 2, digests, 1000)));
        sign("plain.ofd", "old-form.ofd", new SESV1Container(housing.key(), oldSeal(maker, name, housing), housing.certificate));
        sign("plain.ofd", "signed.ofd", new GBT35275DSContainer(housing.certificate, housing.key()));
        sign("plain.ofd", "signed-attributes.ofd", new GBT35275PKCS9DSContainer(housing.certificate, housing.key()));
        SESeal rsaSeal = seal(rsaMaker, name, rsa, 1000);
        sign("plain.ofd", "rsa.ofd", new RsaContainer(rsa, rsaSeal, "SHA-256"));
        sign("plain.ofd", "weak-digest.ofd", new RsaContainer(rsa, rsaSeal, "SHA-1"));
        sign("plain.ofd", "partly.ofd", by(housing, own), "/Pages/");
        sign("plain.ofd", "seal-apart.ofd", by(housing, own), "/Seal.esl");
        sign("sealed.ofd", "two-seals.ofd", by(transport, seal(maker, "无锡市交通运输局电子证照专用章", transport, 1000)));
        sign("sealed.ofd", "second-expired.ofd", by(lapsed, seal(maker, name, lapsed, 1000)));
        try (OFDReader reader = new OFDReader(folder.resolve("sealed.ofd"));
                OFDDoc document = new OFDDoc(reader, folder.resolve("page-added.ofd"))) {
            document.add(new Paragraph("第二页"));
        }

        pdf("sm2.pdf", below, List.of(below.certificate, middle.certificate));
        pdf("expired-certificate.pdf", lapsed, List.of(lapsed.certificate));
    }
}
