import ArgumentParser
import ClavigerLog
import Foundation
import Logging

/// Runs a witness: `claviger witness`.
struct WitnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness",
        abstract: "Run a witness, which cosigns the checkpoints of transparency logs.",
        discussion: """
            A witness runs on another host than the log, best in other hands. It cosigns a checkpoint only if everything \
            that it cosigned before is still in the log, so that a log cannot show different people different trees \
            unnoticed. It speaks c2sp.org/tlog-witness: POST /add-checkpoint.

            At the first start its key is made, and must be kept with the folder. The verifier key, which the logs and \
            those who check them need, is printed, in FOLDER/witness-vkey, and at /vkey. Never bring back an old copy of \
            the folder: the witness would cosign again what it had gone beyond.

            Beyond this machine it speaks TLS only, unless a proxy in front of it does (--trusted-plaintext).

            Examples:
              claviger witness --data ./witness --name witness.example.com/w1 \\
                --log logs.example.com/audit+9d2f3c1a+AdU0…
              claviger witness --data /var/lib/claviger-witness --host 0.0.0.0 --port 8443 \\
                --tls-certificate cert.pem --tls-key key.pem \\
                --log logs.example.com/audit+9d2f3c1a+AdU0… \\
                --log logs.example.com/audit=audit-2027+03be5a77+AW9n…
            """
    )

    @OptionGroup var options: WitnessOptions

    func run() async throws {
        ProcessHardening.apply()
        FileDescriptors.raiseLimit()
        let isJSON = self.options.logFormat == ServerConfiguration.LogFormat.json.rawValue
        var logger = Logger(label: "claviger.witness") { label in
            if isJSON { return JSONLogHandler(label: label, time: SystemTime()) }
            return StreamLogHandler.standardError(label: label)
        }
        if let level = Logger.Level(rawValue: self.options.logLevel) { logger.logLevel = level }
        try await WitnessServer(options: self.options, logger: logger).run { url, key in
            let text = """
                claviger witness is ready on \(url)
                Its verifier key, for the logs and for those who check them:
                  \(key)

                """
            FileHandle.standardOutput.write(Data(text.utf8))
        }
    }
}
